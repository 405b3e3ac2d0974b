#include "probes/worker_messages.hpp"

#include "base/bytes.hpp"
#include "probes/worker.pb.h"

#include <limits>
#include <utility>

namespace muster::probes {

namespace {

constexpr std::size_t text_bytes = 1024;
constexpr std::size_t redirect_bytes = 8192;
constexpr int most_values = 64;

void put_text(proto::Text& out, const std::string& name, const std::string& value) {
    out.set_name(name);
    out.set_value(value);
}

RunMessage run_of(const proto::Run& in) {
    RunMessage run;
    run.id = in.id();
    run.type = in.type();
    run.request.host = in.host();
    run.request.addresses.assign(in.addresses().begin(), in.addresses().end());
    for (const proto::Text& param : in.params()) {
        run.request.params[param.name()] = param.value();
    }
    for (const proto::Text& secret : in.secrets()) {
        run.request.secrets.emplace_back(secret.name(), secret.value());
    }
    run.request.timeout = Duration{in.timeout_ns()};
    run.left = Duration{in.left_ns()};
    run.request.resolve_time = Duration{in.resolve_ns()};
    return run;
}

Failure corrupt() {
    return failure(ErrorKind::corrupt, "not a message of the worker protocol");
}

bool parse(google::protobuf::MessageLite& into, std::string_view bytes) {
    return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
           into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string encode_run(const RunMessage& run) {
    proto::ToWorker message;
    proto::Run& out = *message.mutable_run();
    out.set_id(run.id);
    out.set_type(run.type);
    out.set_host(run.request.host);
    for (const std::string& address : run.request.addresses) {
        out.add_addresses(address);
    }
    for (const auto& [name, value] : run.request.params) {
        put_text(*out.add_params(), name, value);
    }
    for (const auto& [name, value] : run.request.secrets) {
        put_text(*out.add_secrets(), name, value);
    }
    out.set_timeout_ns(run.request.timeout.count());
    out.set_left_ns(run.left.count());
    out.set_resolve_ns(run.request.resolve_time.count());
    return message.SerializeAsString();
}

std::string encode_cancel(const CancelMessage& cancel) {
    proto::ToWorker message;
    message.mutable_cancel()->set_id(cancel.id);
    return message.SerializeAsString();
}

std::string encode_answer(const AnswerMessage& answer) {
    proto::FromWorker message;
    proto::Answer& out = *message.mutable_answer();
    out.set_id(answer.id);
    out.set_state(static_cast<std::uint32_t>(answer.outcome.state));
    out.set_reason(answer.outcome.reason);
    out.set_expected(printable(answer.outcome.expected, text_bytes));
    out.set_seen(printable(answer.outcome.seen, text_bytes));
    for (const std::int64_t value : answer.outcome.values) {
        out.add_values(value);
    }
    if (answer.redirect.size() <= redirect_bytes) {
        out.set_redirect(answer.redirect);
    }
    message.set_resident_bytes(answer.resident_bytes);
    return message.SerializeAsString();
}

std::string encode_ready() {
    return proto::FromWorker().SerializeAsString();
}

Result<std::variant<RunMessage, CancelMessage>> decode_to_worker(std::string_view bytes) {
    using Either = std::variant<RunMessage, CancelMessage>;
    proto::ToWorker message;
    if (!parse(message, bytes)) {
        return corrupt();
    }
    switch (message.what_case()) {
        case proto::ToWorker::kRun:
            return Either{run_of(message.run())};
        case proto::ToWorker::kCancel:
            return Either{CancelMessage{.id = message.cancel().id()}};
        case proto::ToWorker::WHAT_NOT_SET:
            break;
    }
    return corrupt();
}

Result<AnswerMessage> decode_from_worker(std::string_view bytes) {
    proto::FromWorker message;
    if (!parse(message, bytes)) {
        return corrupt();
    }
    const proto::Answer& in = message.answer();
    const bool within_limits =
        in.state() <= static_cast<std::uint32_t>(wire::ResultState::unknown) &&
        in.reason().size() <= text_bytes && in.expected().size() <= text_bytes &&
        in.seen().size() <= text_bytes && in.redirect().size() <= redirect_bytes &&
        in.values_size() <= most_values;
    if (!within_limits) {
        return corrupt();
    }
    AnswerMessage answer;
    answer.id = in.id();
    answer.outcome.state = static_cast<wire::ResultState>(in.state());
    answer.outcome.reason = printable(in.reason(), text_bytes);
    answer.outcome.expected = printable(in.expected(), text_bytes);
    answer.outcome.seen = printable(in.seen(), text_bytes);
    answer.outcome.values.assign(in.values().begin(), in.values().end());
    answer.redirect = in.redirect();
    answer.resident_bytes = message.resident_bytes();
    return answer;
}

}  // namespace muster::probes
