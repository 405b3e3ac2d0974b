#include "collector/notify/courier.hpp"

#include "base/bytes.hpp"
#include "base/failpoint.hpp"
#include "base/secret.hpp"
#include "collector/configuration/secret_check.hpp"
#include "collector/notify/mail.hpp"
#include "collector/notify/smtp_adapter.hpp"
#include "collector/notify/webhook.hpp"

#include <boost/json.hpp>

#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t largest_ca = 1u << 20;
constexpr std::size_t detail_bytes = 256;

DeliveryAnswer not_sent(const Error& why) {
    DeliveryAnswer answer;
    answer.detail = printable(why.text(), detail_bytes);
    return answer;
}

Result<std::string> read_ca(const Courier& courier, const config::Channel& channel) {
    if (channel.ca_file.empty()) {
        return std::string();
    }
    return read_file(*courier.files, channel.ca_file, largest_ca);
}

Result<wire::HttpCall> prepare_call(
    const Courier& courier, const config::Channel& channel, const OutboxRow& row
) {
    const Result<Secret> key =
        read_named_secret(*courier.files, courier.data_dir, channel.secret_file);
    if (!key) {
        return failure(key.error(), "channel " + channel.name);
    }
    Result<std::string> ca_pem = read_ca(courier, channel);
    if (!ca_pem) {
        return failure(ca_pem.error(), "channel " + channel.name);
    }
    return webhook_call(
        channel, std::move(*ca_pem), row, courier.installation, *key, courier.clock->wall()
    );
}

Task<DeliveryAnswer> post(const Courier* courier, config::Channel channel, OutboxRow row) {
    Result<wire::HttpCall> call = prepare_call(*courier, channel, row);
    if (!call) {
        co_return not_sent(call.error());
    }
    const Deadline deadline = Deadline::in(courier->webhook_timeout);
    Task<Result<wire::HttpAnswer>> calling =
        wire::http_call(*courier->loop, std::move(*call), deadline);
    const Result<wire::HttpAnswer> answer = co_await std::move(calling);
    co_return webhook_answer(answer);
}

struct Letter {
    SmtpServer server;
    SmtpSession session;
    SmtpMail mail;
};

Result<Letter> prepare_letter(
    const Courier& courier,
    const config::Channel& channel,
    const OutboxRow& row,
    std::vector<std::string> recipients
) {
    Letter letter;
    letter.server.address = channel.mail.server;
    letter.session.helo = courier.helo;
    letter.session.tls = channel.mail.tls;
    if (!channel.mail.user.empty()) {
        Result<Secret> password =
            read_named_secret(*courier.files, courier.data_dir, channel.mail.password_file);
        if (!password) {
            return failure(password.error(), "channel " + channel.name);
        }
        letter.session.user = channel.mail.user;
        letter.session.password = std::move(*password);
    }
    Result<std::string> ca_pem = read_ca(courier, channel);
    if (!ca_pem) {
        return failure(ca_pem.error(), "channel " + channel.name);
    }
    letter.server.ca_pem = std::move(*ca_pem);
    Result<SmtpMail> mail = compose_mail(
        channel, row, courier.installation, std::move(recipients), courier.clock->wall()
    );
    if (!mail) {
        return failure(mail.error(), "channel " + channel.name);
    }
    letter.mail = std::move(*mail);
    return letter;
}

Task<DeliveryAnswer> mail(
    const Courier* courier,
    config::Channel channel,
    OutboxRow row,
    std::vector<std::string> recipients
) {
    Result<Letter> letter = prepare_letter(*courier, channel, row, std::move(recipients));
    if (!letter) {
        co_return not_sent(letter.error());
    }
    const Deadline deadline = Deadline::in(courier->mail_timeout);
    Task<SmtpResult> sending = send_mail(
        *courier->loop,
        std::move(letter->server),
        std::move(letter->session),
        std::move(letter->mail),
        deadline
    );
    SmtpResult result = co_await std::move(sending);
    DeliveryAnswer answer;
    answer.delivered = result.outcome == SmtpResult::Outcome::accepted;
    answer.refused = result.outcome == SmtpResult::Outcome::refused;
    answer.status = result.code;
    answer.detail = std::move(result.detail);
    answer.delivered_to = std::move(result.delivered);
    co_return answer;
}

}  // namespace

Task<DeliveryAnswer> deliver(
    const Courier* courier,
    config::Channel channel,
    OutboxRow row,
    std::vector<std::string> recipients
) {
    DeliveryAnswer answer;
    if (channel.type == "smtp") {
        answer = co_await mail(courier, std::move(channel), std::move(row), std::move(recipients));
    } else {
        answer = co_await post(courier, std::move(channel), std::move(row));
    }
    failpoint("notify.after_send");
    co_return answer;
}

std::string test_payload(
    const std::string& installation, const std::string& id, const std::string& channel, WallTime at
) {
    return json::serialize(json::object{
        {"specversion", "1.0"},
        {"id", id},
        {"source", "urn:uuid:" + installation},
        {"type", "net.muster.test"},
        {"subject", channel},
        {"time", format_rfc3339(at)},
        {"datacontenttype", "application/json"},
        {"data", json::object{{"channel", channel}}}
    });
}

}  // namespace muster::collector
