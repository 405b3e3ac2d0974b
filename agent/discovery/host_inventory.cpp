#include "agent/discovery/host_inventory.hpp"

#include "agent/discovery/helper.hpp"
#include "base/crypto.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

constexpr Duration repeat_after = std::chrono::hours(24);
/// A frame holds 1 MiB (wire::max_frame_bytes).
constexpr std::size_t largest_payload = 900U << 10U;

/// Of what was seen, not of when.
std::string hash_of(wire::Observations seen) {
    seen.run.clear();
    for (wire::ObservedItem& item : seen.items) {
        item.observed = {};
    }
    return sha256(wire::encode_observations(seen));
}

void keep_first(wire::Observations& seen, std::size_t items) {
    const std::size_t left_out = seen.items.size() - items;
    seen.items.resize(items);
    std::erase_if(seen.relations, [&](const wire::ObservedRelation& relation) {
        return std::max(relation.from, relation.to) >= items;
    });
    seen.full = false;
    seen.lacking.push_back(std::to_string(left_out) + " items: they do not fit one message");
}

}  // namespace

HostInventory look_at_host(const HostInventoryOptions& options, WallTime now) {
    const Root root(options.root);
    HostInventory inventory;
    inventory.seen = observe_open(root, options.addresses, now);
    Result<wire::Observations> told =
        options.helper.empty() ? failure(ErrorKind::not_found, "muster-inventory is not asked")
                               : ask_helper(options.helper, Deadline::in(helper_within));
    if (told) {
        inventory.helper = HelperAnswer::told;
        merge(inventory.seen, std::move(*told));
    } else {
        merge(inventory.seen, observe_privileged(root, now));
        if (!options.helper.empty()) {
            const bool is_absent = told.error().kind() == ErrorKind::not_found;
            inventory.helper = is_absent ? HelperAnswer::absent : HelperAnswer::failed;
            inventory.seen.full = is_absent;
            inventory.seen.lacking.push_back("what needs rights: " + told.error().text());
        }
    }
    add_observer(inventory.seen, options.observer, now);
    return inventory;
}

bool InventoryPace::take(HostInventory& inventory, MonoTime now) {
    if (inventory.helper == HelperAnswer::told) {
        helper_has_told_ = true;
    } else if (helper_has_told_) {
        inventory.seen.full = false;
    }
    std::string hash = hash_of(inventory.seen);
    if (hash == last_hash_ && sent_ && now - *sent_ < repeat_after) {
        return false;
    }
    last_hash_ = std::move(hash);
    sent_ = now;
    return true;
}

wire::Record inventory_record(wire::Observations seen, WallTime wall, MonoTime mono) {
    constexpr std::size_t most_items = wire::ObservationLimits{}.items;
    // What is lost of an inventory is no time that nobody watched: a gap counts results alone.
    constexpr std::uint32_t no_results = 0;
    if (seen.items.size() > most_items) {
        keep_first(seen, most_items);
    }
    for (;;) {
        wire::Record record = wire::make_record(
            wire::RecordKind::observations,
            wire::DropClass::state,
            no_results,
            wall,
            mono,
            wire::encode_observations(seen)
        );
        if (record.payload.size() <= largest_payload || seen.items.size() < 2) {
            return record;
        }
        keep_first(seen, seen.items.size() / 2);
    }
}

}  // namespace muster::agent
