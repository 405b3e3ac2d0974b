// Owns: performing one mail's dialogue on a connection. Leaves to smtp_dialogue: what is said.
#pragma once

#include "base/task.hpp"
#include "collector/notify/smtp_dialogue.hpp"

#include <string>

namespace muster::collector {

/// Where the mail goes.
struct SmtpServer {
    std::string address;  ///< "mail.example.net:587"
    std::string ca_pem;   ///< its authority; empty: the system's
};

/// Always gives a result: where there was no connection, or it ended too early, `retry` with why.
Task<SmtpResult> send_mail(
    asio::io_context& loop, SmtpServer server, SmtpSession session, SmtpMail mail, Deadline deadline
);

}  // namespace muster::collector
