#include "collector/brain/state_store.hpp"
#include "collector/brain/state_store_impl.hpp"

namespace muster::collector {

void StateStore::put_channel(const ChannelStates& telling, const ChannelState& channel) {
    impl_->run(
        StateQuery::put_channel,
        std::string_view(channel.name),
        static_cast<std::int64_t>(&channel - telling.all.data()),
        std::string_view(channel.type),
        std::string_view(channel.target),
        std::string_view(channel.match.text()),
        channel.rate.messages,
        to_ms(channel.rate.per),
        channel.state(),
        to_ns(channel.state_since),
        channel.failures,
        std::string_view(channel.last_error),
        when_set(channel.last_delivered),
        channel.waiting,
        channel.merged_count()
    );
}

void StateStore::delete_channel(std::string_view name) {
    impl_->run(StateQuery::delete_channel, name);
}

}  // namespace muster::collector
