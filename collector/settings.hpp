// Owns: what each part of the collector gets from collector.yaml. Leaves to config/: reading it.
#pragma once

#include "collector/backup/backup_thread.hpp"
#include "collector/brain/brain.hpp"
#include "collector/heartbeat_loop.hpp"
#include "collector/history/history.hpp"
#include "collector/intake/intake.hpp"
#include "collector/journal/journal_writer.hpp"
#include "collector/notify/notifier.hpp"
#include "config/programs.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// `directory` is the data directory.
JournalWriterOptions journal_options(
    const config::CollectorConfig& process, const std::string& directory
);
BrainOptions brain_options(const config::CollectorConfig& process, const std::string& directory);
BackupOptions backup_options(const config::CollectorConfig& process, const std::string& directory);
HistoryOptions history_options(const config::CollectorConfig& process);
IntakeOptions intake_options(const config::CollectorConfig& process, const std::string& data_dir);
NotifierOptions notifier_options(const config::CollectorConfig& process);
/// As the kernel calls this machine; "localhost" where it does not.
std::string machine_name();
/// For the server's certificate: loopback, this host, and the configured names. Where none are configured and a listener takes
/// every address, the addresses that the machine has now as well, and of `present` (the names in the certificate now) the
/// addresses that it had: one that comes and goes costs one certificate.
std::vector<std::string> server_names(
    const config::CollectorConfig& process, const std::vector<std::string>& present = {}
);
/// "[::]:8443" with the port that was really taken.
std::string with_port(const std::string& endpoint, std::uint16_t port);

HeartbeatOptions heartbeat_options(const config::CollectorConfig& process);
/// Our name to mail servers: the host's, or "localhost" where it has none they would take.
std::string mail_name();

}  // namespace muster::collector
