// Owns: one mail's conversation with a server (RFC 5321, 3207, 4954) as a value: lines of the server in, bytes out. Leaves
// to smtp_adapter: the connection; to mail: what is in the mail.
#pragma once

#include "base/secret.hpp"
#include "config/channel.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// A mail, with CRLF at the end of each line of its texts.
struct SmtpMail {
    std::string from;
    std::vector<std::string> to;  ///< at least one
    std::string eight_bit;        ///< headers and body for servers that take 8BITMIME
    std::string quoted;           ///< the same in ASCII alone
};

/// Who we are to the server.
struct SmtpSession {
    std::string helo;  ///< our name
    config::MailTls tls = config::MailTls::starttls;
    std::string user;  ///< empty: nobody signs in
    Secret password;
};

/// What the owner of a dialogue is to do next.
struct SmtpAction {
    /// read: a line, then `line`. write: `bytes`, then read. start_tls: a handshake, then `encrypted`. finish: say QUIT,
    /// close; the result is there.
    enum class Kind { read, write, start_tls, finish };
    Kind kind = Kind::read;
    std::string bytes = {};  ///< may hold a password: never logged
};

struct SmtpResult {
    /// accepted: the server has it for everyone it did not refuse for good. retry: not, or not for everyone, yet.
    /// refused: it will never take this mail.
    enum class Outcome { accepted, retry, refused };
    Outcome outcome = Outcome::retry;
    int code = 0;                         ///< of the answer that decided; 0: none
    std::string detail;                   ///< safe to show
    std::vector<std::string> delivered;   ///< recipients for whom it was taken
    std::vector<std::string> impossible;  ///< "who: why": refused for good while others were not
};

/// One mail over one connection. It begins by reading. Every line is bounded by the reader; a reply has at most 100.
class SmtpDialogue {
  public:
    SmtpDialogue(SmtpSession session, SmtpMail mail);

    /// A line of the server, without its end.
    SmtpAction line(std::string_view text);
    /// The handshake that start_tls asked for is done and the server's certificate verified.
    SmtpAction encrypted();

    bool is_over() const { return stage_ == Stage::over; }

    /// When it is over; before, what a connection that ended now would come to.
    const SmtpResult& result() const { return result_; }

  private:
    enum class Stage {
        greeting,
        hello,
        start_tls,
        hello_again,
        auth_plain,
        auth_login,
        auth_user,
        auth_password,
        from,
        recipient,
        data,
        text,
        over
    };

    struct Extensions {
        bool start_tls = false;
        bool eight_bit = false;
        bool auth_plain = false;
        bool auth_login = false;
    };

    struct Reply {
        int code = 0;
        std::string text;  ///< of all lines, printable
        std::vector<std::string> lines;
    };

    SmtpAction reply(const Reply& reply);
    SmtpAction after_hello(const Reply& reply);
    SmtpAction sign_in();
    SmtpAction signing_in(const Reply& reply);
    SmtpAction begin_mail();
    SmtpAction next_recipient();
    SmtpAction recipient_answered(const Reply& reply);
    SmtpAction recipients_done();
    SmtpAction text_answered(const Reply& reply);
    SmtpAction say(Stage next, std::string command);
    SmtpAction give_up(SmtpResult::Outcome outcome, int code, std::string detail);
    SmtpAction give_up(const Reply& reply, std::string_view what);

    SmtpSession session_;
    SmtpMail mail_;
    Stage stage_ = Stage::greeting;
    Extensions offered_;
    Reply pending_;  ///< lines of the reply that is being read
    std::size_t recipient_ = 0;
    std::vector<std::string> taken_;
    std::string put_off_;  ///< the first recipient that was put off, and why
    int put_off_code_ = 0;
    int impossible_code_ = 0;
    SmtpResult result_;
};

/// A body as DATA sends it: a leading dot doubled, a lone dot at the end (RFC 5321 §4.5.2). `text` ends with CRLF.
std::string dot_stuffed(std::string_view text);

}  // namespace muster::collector
