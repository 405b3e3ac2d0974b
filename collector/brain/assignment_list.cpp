#include "collector/brain/assignment_list.hpp"

#include "base/expect.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <utility>

namespace muster::collector {

std::string encode_spec(
    std::string_view type, Duration interval, Duration timeout, const config::Params& params
) {
    wire::proto::Assignment message;
    message.set_type(std::string(type));
    message.set_interval_ms(static_cast<std::uint32_t>(to_ms(interval)));
    message.set_timeout_ms(static_cast<std::uint32_t>(to_ms(timeout)));
    message.mutable_params()->insert(params.begin(), params.end());
    // Maps are otherwise written in the order of their hashes, and equal specs must be equal bytes.
    std::string out;
    {
        google::protobuf::io::StringOutputStream sink(&out);
        google::protobuf::io::CodedOutputStream stream(&sink);
        stream.SetSerializationDeterministic(true);
        message.SerializeToCodedStream(&stream);
    }
    return out;
}

void AssignmentList::add(
    std::uint32_t dense, ProbeId probe, std::shared_ptr<const ProbeSpec> spec, std::string host
) {
    items_.push_back({dense, probe, std::move(spec), std::move(host)});
}

AssignmentItem AssignmentList::operator[](std::size_t index) const {
    const Entry& entry = items_[index];
    AssignmentItem item;
    expect(
        item.assignment.ParseFromString(entry.spec->encoded), "a spec was encoded by encode_spec"
    );
    item.assignment.set_dense(entry.dense);
    item.assignment.set_probe_id(std::string(entry.probe.raw()));
    item.assignment.set_host(entry.host);
    item.secret_files = entry.spec->secret_files;
    return item;
}

std::set<std::string> AssignmentList::secret_paths() const {
    std::set<std::string> paths;
    const ProbeSpec* last = nullptr;
    for (const Entry& entry : items_) {
        if (std::exchange(last, entry.spec.get()) == entry.spec.get()) {
            continue;  // neighbours mostly share one
        }
        for (const auto& [option, path] : entry.spec->secret_files) {
            paths.insert(path);
        }
    }
    return paths;
}

}  // namespace muster::collector
