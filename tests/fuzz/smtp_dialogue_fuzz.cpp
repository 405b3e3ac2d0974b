// Owns: hostile lines of a mail server, through the whole dialogue.
#include "collector/notify/smtp_dialogue.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace muster;
using namespace muster::collector;

void converse(std::string_view lines, config::MailTls tls, const std::string& user) {
    SmtpDialogue dialogue(
        {"here", tls, user, Secret("pass")}, {"a@b", {"c@d", "e@f"}, "x\r\n", "x\r\n"}
    );
    SmtpAction action;
    while (!lines.empty() && action.kind != SmtpAction::Kind::finish) {
        if (action.kind == SmtpAction::Kind::start_tls) {
            action = dialogue.encrypted();
            continue;
        }
        const std::size_t end = lines.find('\n');
        action = dialogue.line(lines.substr(0, end));
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
    // Taken means that the server said so after the text, for at least one of the two.
    const SmtpResult& result = dialogue.result();
    const bool is_taken = result.outcome == SmtpResult::Outcome::accepted;
    if (is_taken &&
        (result.delivered.empty() || result.delivered.size() > 2 || result.code / 100 != 2)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view lines(reinterpret_cast<const char*>(data), size);
    converse(lines, config::MailTls::none, "");
    converse(lines, config::MailTls::starttls, "me");
    return 0;
}
