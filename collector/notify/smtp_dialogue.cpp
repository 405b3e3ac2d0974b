#include "collector/notify/smtp_dialogue.hpp"

#include "base/base64.hpp"
#include "base/bytes.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t most_reply_lines = 100;
constexpr std::size_t shown_bytes = 300;
constexpr int ready = 220;
constexpr int continues = 334;
constexpr int send_text = 354;

bool is_success(int code) {
    return code >= 200 && code < 300;
}

bool is_final(int code) {
    return code >= 500;
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

bool has_word(std::string_view line, std::string_view word) {
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = std::min(line.find_first_of(" =", at), line.size());
        if (line.substr(at, end - at) == word) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

/// "250-SIZE 52428800": three digits, and a dash where more follows. 0: not a reply.
int code_of(std::string_view line) {
    const bool has_form =
        line.size() >= 3 && (line.size() == 3 || line[3] == ' ' || line[3] == '-');
    if (!has_form || line[0] < '2' || line[0] > '5') {
        return 0;
    }
    int code = 0;
    for (const char digit : line.substr(0, 3)) {
        if (digit < '0' || digit > '9') {
            return 0;
        }
        code = code * 10 + (digit - '0');
    }
    return code;
}

}  // namespace

std::string dot_stuffed(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 8);
    bool at_start = true;
    for (const char c : text) {
        if (at_start && c == '.') {
            out += '.';
        }
        out += c;
        at_start = c == '\n';
    }
    return out + ".\r\n";
}

SmtpDialogue::SmtpDialogue(SmtpSession session, SmtpMail mail)
    : session_(std::move(session)), mail_(std::move(mail)) {
    result_.detail = "the server closed the connection";
}

SmtpAction SmtpDialogue::line(std::string_view text) {
    if (stage_ == Stage::over) {
        return {SmtpAction::Kind::finish};
    }
    const int code = code_of(text);
    const bool goes_on = text.size() > 3 && text[3] == '-';
    const bool fits = pending_.lines.empty() || pending_.code == code;
    if (code == 0 || !fits || pending_.lines.size() >= most_reply_lines) {
        return give_up(
            SmtpResult::Outcome::retry, 0, "not an SMTP reply: " + printable(text, shown_bytes)
        );
    }
    pending_.code = code;
    pending_.lines.emplace_back(text.size() > 4 ? text.substr(4) : std::string_view{});
    if (goes_on) {
        return {SmtpAction::Kind::read};
    }
    Reply whole = std::exchange(pending_, {});
    whole.text = std::to_string(whole.code);
    for (const std::string& each : whole.lines) {
        whole.text += each.empty() ? "" : " " + each;
    }
    whole.text = printable(whole.text, shown_bytes);
    return reply(whole);
}

SmtpAction SmtpDialogue::reply(const Reply& reply) {
    switch (stage_) {
        case Stage::greeting:
            return reply.code == ready ? say(Stage::hello, "EHLO " + session_.helo)
                                       : give_up(reply, "greeting");
        case Stage::hello:
        case Stage::hello_again:
            return is_success(reply.code) ? after_hello(reply) : give_up(reply, "EHLO");
        case Stage::start_tls:
            return reply.code == ready ? SmtpAction{SmtpAction::Kind::start_tls}
                                       : give_up(reply, "STARTTLS");
        case Stage::auth_plain:
        case Stage::auth_login:
        case Stage::auth_user:
        case Stage::auth_password:
            return signing_in(reply);
        case Stage::from:
            return is_success(reply.code) ? next_recipient() : give_up(reply, "MAIL FROM");
        case Stage::recipient:
            return recipient_answered(reply);
        case Stage::data:
            if (reply.code != send_text) {
                return give_up(reply, "DATA");
            }
            stage_ = Stage::text;
            return {
                SmtpAction::Kind::write,
                dot_stuffed(offered_.eight_bit ? mail_.eight_bit : mail_.quoted)
            };
        case Stage::text:
            return text_answered(reply);
        case Stage::over:
            break;
    }
    return {SmtpAction::Kind::finish};
}

SmtpAction SmtpDialogue::after_hello(const Reply& reply) {
    offered_ = {};
    for (const std::string& each : reply.lines) {
        const std::string words = upper(each);
        offered_.start_tls = offered_.start_tls || words == "STARTTLS";
        offered_.eight_bit = offered_.eight_bit || words == "8BITMIME";
        if (words.starts_with("AUTH ") || words.starts_with("AUTH=")) {
            offered_.auth_plain = offered_.auth_plain || has_word(words, "PLAIN");
            offered_.auth_login = offered_.auth_login || has_word(words, "LOGIN");
        }
    }
    if (session_.tls == config::MailTls::starttls && stage_ == Stage::hello) {
        if (!offered_.start_tls) {
            return give_up(
                SmtpResult::Outcome::retry,
                0,
                "the server does not offer STARTTLS, and nothing is sent without TLS: choose "
                "another port or another \"tls\" for the channel"
            );
        }
        return say(Stage::start_tls, "STARTTLS");
    }
    return session_.user.empty() ? begin_mail() : sign_in();
}

SmtpAction SmtpDialogue::encrypted() {
    // Whatever was said before is forgotten (RFC 3207 §4.2).
    pending_ = {};
    return say(Stage::hello_again, "EHLO " + session_.helo);
}

SmtpAction SmtpDialogue::sign_in() {
    if (offered_.auth_plain) {
        std::string words(1, '\0');
        words += session_.user;
        words += '\0';
        words += session_.password.reveal();
        return say(Stage::auth_plain, "AUTH PLAIN " + to_base64(words));
    }
    if (offered_.auth_login) {
        return say(Stage::auth_login, "AUTH LOGIN");
    }
    return give_up(
        SmtpResult::Outcome::retry,
        0,
        "the server offers neither AUTH PLAIN nor AUTH LOGIN, and the channel has a user"
    );
}

SmtpAction SmtpDialogue::signing_in(const Reply& reply) {
    if (stage_ == Stage::auth_login && reply.code == continues) {
        return say(Stage::auth_user, to_base64(session_.user));
    }
    if (stage_ == Stage::auth_user && reply.code == continues) {
        return say(Stage::auth_password, to_base64(session_.password.reveal()));
    }
    const bool is_last = stage_ == Stage::auth_plain || stage_ == Stage::auth_password;
    if (is_last && is_success(reply.code)) {
        return begin_mail();
    }
    return give_up(reply, "AUTH");
}

SmtpAction SmtpDialogue::begin_mail() {
    return say(
        Stage::from, "MAIL FROM:<" + mail_.from + ">" + (offered_.eight_bit ? " BODY=8BITMIME" : "")
    );
}

SmtpAction SmtpDialogue::next_recipient() {
    if (recipient_ == mail_.to.size()) {
        return recipients_done();
    }
    return say(Stage::recipient, "RCPT TO:<" + mail_.to[recipient_] + ">");
}

SmtpAction SmtpDialogue::recipient_answered(const Reply& reply) {
    const std::string& who = mail_.to[recipient_++];
    if (is_success(reply.code)) {
        taken_.push_back(who);
    } else if (is_final(reply.code)) {
        result_.impossible.push_back(who + ": " + reply.text);
        impossible_code_ = reply.code;
    } else if (put_off_.empty()) {
        put_off_ = who + ": " + reply.text;
        put_off_code_ = reply.code;
    }
    return next_recipient();
}

SmtpAction SmtpDialogue::recipients_done() {
    if (!taken_.empty()) {
        return say(Stage::data, "DATA");
    }
    // An address can be mended, and then this mail still counts: tried again like an unknown path of a webhook.
    return put_off_.empty()
               ? give_up(SmtpResult::Outcome::retry, impossible_code_, result_.impossible.front())
               : give_up(SmtpResult::Outcome::retry, put_off_code_, put_off_);
}

SmtpAction SmtpDialogue::text_answered(const Reply& reply) {
    if (!is_success(reply.code)) {
        const auto outcome =
            is_final(reply.code) ? SmtpResult::Outcome::refused : SmtpResult::Outcome::retry;
        return give_up(outcome, reply.code, reply.text);
    }
    result_.delivered = taken_;
    std::string detail = reply.text;
    for (const std::string& each : result_.impossible) {
        detail += "; refused for " + each;
    }
    if (!put_off_.empty()) {
        return give_up(SmtpResult::Outcome::retry, put_off_code_, put_off_);
    }
    return give_up(SmtpResult::Outcome::accepted, reply.code, printable(detail, 2 * shown_bytes));
}

SmtpAction SmtpDialogue::say(Stage next, std::string command) {
    stage_ = next;
    return {SmtpAction::Kind::write, std::move(command) + "\r\n"};
}

SmtpAction SmtpDialogue::give_up(SmtpResult::Outcome outcome, int code, std::string detail) {
    stage_ = Stage::over;
    result_.outcome = outcome;
    result_.code = code;
    result_.detail = std::move(detail);
    return {SmtpAction::Kind::finish};
}

SmtpAction SmtpDialogue::give_up(const Reply& reply, std::string_view what) {
    return give_up(
        SmtpResult::Outcome::retry, reply.code, std::string(what) + " answered " + reply.text
    );
}

}  // namespace muster::collector
