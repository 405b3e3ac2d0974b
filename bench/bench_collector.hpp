// Owns: the real collector in a folder of its own, what it costs and how far it is. Leaves to load.hpp: the load; to each program: the
// figures.
#pragma once

#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <sys/vfs.h>
#include <unistd.h>

namespace muster::bench {

/// Nothing is measured. Thrown, so that every program that was started is stopped on the way out.
struct GaveUp : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void give_up(const std::string& why) {
    throw GaveUp(why);
}

/// Set by SIGINT and SIGTERM, which end a benchmark as if it had given up: no collector is left running, no store on the disk.
inline volatile std::sig_atomic_t is_interrupted = 0;

/// test::eventually, which ends when the benchmark is to end. Benchmarks wait by this alone.
inline bool eventually(
    Duration patience,
    const std::function<bool()>& condition,
    Duration pace = std::chrono::milliseconds(20)
) {
    return test::eventually(
        patience,
        [&condition] {
            if (is_interrupted != 0) {
                give_up("interrupted");
            }
            return condition();
        },
        pace
    );
}

inline void wait_until(
    const std::string& what, Duration patience, const std::function<bool()>& holds
) {
    if (!eventually(patience, holds, std::chrono::milliseconds(5))) {
        give_up("waited in vain: " + what);
    }
}

/// Lets the daemons go on as they are.
inline void let_pass(Duration span) {
    const auto until = std::chrono::steady_clock::now() + span;
    eventually(2 * span, [until] { return std::chrono::steady_clock::now() >= until; });
}

/// The exit code of a benchmark's main: 1 when it gave up, which is told.
template <typename Measure>
int measured(Measure measure) {
    for (const int number : {SIGINT, SIGTERM}) {
        std::signal(number, [](int) { is_interrupted = 1; });
    }
    try {
        measure();
        return 0;
    } catch (const GaveUp& why) {
        std::cerr << why.what() << "\n";
        return 1;
    }
}

/// A sync to memory measures nothing.
inline void refuse_memory_disks() {
    struct statfs disk{};
    const std::string folder = std::filesystem::temp_directory_path();
    constexpr auto tmpfs_magic = 0x01021994;
    if (::statfs(folder.c_str(), &disk) == 0 && disk.f_type == tmpfs_magic) {
        give_up(folder + " is in memory; let TMPDIR name a folder on a disk");
    }
}

/// Seconds of processor time.
struct Cpu {
    double all = 0;
    double folds = 0;

    Cpu operator-(const Cpu& before) const { return {all - before.all, folds - before.folds}; }
};

/// User and system time of the thread whose folder in /proc that is; nothing when it has ended.
inline double cpu_of(const std::string& task) {
    const std::string stat = test::read_text(task + "/stat");
    if (stat.empty()) {
        return 0;
    }
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// Entries that a fold may be behind and count as caught up: those of the commit under way.
inline constexpr std::uint64_t in_passing = 3;

/// One collector in a folder of its own.
class BenchCollector {
  public:
    explicit BenchCollector(const std::string& targets) {
        write(targets);
        start();
    }

    void start() {
        std::filesystem::remove(dir_ / "collector/collector.json");
        process_.emplace(test::Process::start(
            {test::program("muster-collector"), "--config", dir_ / "collector.yaml"},
            {{}, dir_ / "collector.log"}
        ));
        const auto is_announced = [&] {
            const std::string text = test::read_text(dir_ / "collector/collector.json");
            if (text.find('}') == std::string::npos) {
                if (!process_->running()) {
                    give_up(
                        "the collector did not start:\n" + test::read_text(dir_ / "collector.log")
                    );
                }
                return false;
            }
            const boost::json::value ports = boost::json::parse(text);
            people_port_ = ports.at("people_port").to_number<int>();
            agents_port_ = ports.at("agents_port").to_number<int>();
            return true;
        };
        if (!eventually(std::chrono::seconds(120), is_announced, std::chrono::milliseconds(5))) {
            give_up("the collector did not start:\n" + test::read_text(dir_ / "collector.log"));
        }
        write(targets_);  // with its ports from now on: agents find it again after a restart
        test::write_text(
            dir_ / "cli.yaml",
            fmt::format(
                "server: https://localhost:{}\ntoken_file: {}/collector/admin.token\nca_file: "
                "{}/collector/ca/ca.crt\n",
                people_port_,
                dir_.path(),
                dir_.path()
            )
        );
    }

    /// The administrator's command line.
    test::CommandResult muster(std::vector<std::string> arguments) const {
        arguments.insert(
            arguments.begin(), {test::program("muster"), "--config", dir_ / "cli.yaml"}
        );
        return test::run_command(std::move(arguments));
    }

    /// For one agent of that name, or for `uses` agents of any name.
    std::string join_token(const std::string& name, int uses) {
        std::vector<std::string> arguments = {
            "token", "create", "--agent", "--uses", std::to_string(uses)
        };
        if (uses == 1) {
            arguments.insert(arguments.end(), {"--name", name});
        }
        const test::CommandResult token = muster(arguments);
        if (token.exit_code != 0) {
            give_up("no join token: " + token.output);
        }
        const std::string path = dir_ / ("token-" + name);
        // Both streams are in the output: the token is the line that looks like one.
        const std::size_t at = token.output.find("jt1.");
        test::write_text(path, token.output.substr(at, token.output.find('\n', at) - at));
        return path;
    }

    /// Enrols an agent with a configuration FOLDER.yaml; gives its folder.
    std::string enrol(const std::string& name) {
        const std::string folder = dir_ / name;
        test::write_text(
            folder + ".yaml",
            fmt::format("collector: localhost:{}\ndata_dir: {}\n", agents_port_, folder)
        );
        const test::CommandResult enrolled = test::run_command(
            {test::program("muster-agent"),
             "--config",
             folder + ".yaml",
             "enrol",
             "--collector",
             fmt::format("https://localhost:{}", people_port_),
             "--token-file",
             join_token(name, 1),
             "--name",
             name}
        );
        if (enrolled.exit_code != 0) {
            give_up("could not enrol " + name + ": " + enrolled.output);
        }
        return folder;
    }

    /// Whether `/readyz` says ready: what was in the journal at the start is folded. `?strict=1`: and somebody is told of
    /// incidents, there is room, and no backup has failed.
    bool is_ready(const std::string& how = "") const {
        const std::string url = fmt::format("https://localhost:{}/readyz{}", people_port_, how);
        return test::run_command({"curl", "-sf", "--cacert", dir_ / "collector/ca/ca.crt", url})
                   .exit_code == 0;
    }

    /// The sum of the series of its metrics whose names, with labels, begin so; nothing where there are none, or while it does
    /// not answer.
    std::optional<double> metric(const std::string& name) const {
        const test::CommandResult answer = test::run_command(
            {"curl",
             "-sf",
             "--cacert",
             dir_ / "collector/ca/ca.crt",
             "-H",
             "Authorization: Bearer " + admin_token(),
             fmt::format("https://localhost:{}/metrics", people_port_)}
        );
        if (answer.exit_code != 0) {
            return std::nullopt;
        }
        std::optional<double> sum;
        std::istringstream lines(answer.output);
        for (std::string line; std::getline(lines, line);) {
            const std::size_t end = line.rfind(' ');
            const bool is_of_it = line.starts_with(name) && end != std::string::npos &&
                                  (end == name.size() || line[name.size()] == '{');
            if (is_of_it) {
                sum = sum.value_or(0) + std::strtod(line.c_str() + end, nullptr);
            }
        }
        return sum;
    }

    /// How many journal entries a fold has yet to take; nothing while the collector is not ready.
    std::optional<std::uint64_t> entries_behind(std::string_view fold) const {
        const test::CommandResult answer = test::run_command(
            {"curl",
             "-sf",
             "--cacert",
             dir_ / "collector/ca/ca.crt",
             fmt::format("https://localhost:{}/readyz", people_port_)}
        );
        boost::system::error_code wrong;
        const boost::json::value body = boost::json::parse(answer.output, wrong);
        if (answer.exit_code != 0 || wrong) {
            return std::nullopt;
        }
        for (const boost::json::value& check : body.at("checks").as_array()) {
            if (check.at("name").as_string() == fold) {
                const std::string detail(check.at("detail").as_string());
                return std::strtoull(detail.c_str(), nullptr, 10);
            }
        }
        return std::nullopt;
    }

    /// The brain has what the journal holds, but for what came in the last moment. History may follow later.
    bool is_caught_up() const {
        return entries_behind("brain").value_or(in_passing + 1) <= in_passing;
    }

    /// User and system time so far, of all threads and of those that work on what the link has taken in.
    Cpu cpu() const {
        Cpu sum;
        const std::string tasks = fmt::format("/proc/{}/task", process_->pid());
        for (const auto& task : std::filesystem::directory_iterator(tasks)) {
            const double seconds = cpu_of(task.path());
            std::string name = test::read_text(task.path() / "comm");
            name.pop_back();
            sum.all += seconds;
            sum.folds += name == "journal" || name == "brain" || name == "history" ? seconds : 0;
        }
        return sum;
    }

    double rss_mib() const {
        std::istringstream fields(test::read_text(fmt::format("/proc/{}/statm", process_->pid())));
        double pages = 0;
        fields >> pages >> pages;
        return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
    }

    /// Of the files in a folder of its data directory; those that go meanwhile count for nothing.
    double folder_bytes(const std::string& name) const {
        double sum = 0;
        std::error_code gone;
        for (const auto& entry :
             std::filesystem::directory_iterator(dir_ / ("collector/" + name), gone)) {
            const auto size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
            sum += gone ? 0.0 : static_cast<double>(size);
        }
        return sum;
    }

    void kill() { process_->kill_now(); }

    void stop() {
        process_->signal(SIGTERM);
        process_->wait(std::chrono::seconds(60));
    }

    const test::TempDir& dir() const { return dir_; }

    pid_t pid() const { return process_->pid(); }

    std::string admin_token() const {
        std::string text = test::read_text(dir_ / "collector/admin.token");
        text.erase(text.find_last_not_of("\r\n") + 1);
        return text;
    }

    int people_port() const { return people_port_; }

    int agents_port() const { return agents_port_; }

  private:
    void write(const std::string& targets) {
        targets_ = targets;
        test::write_text(
            dir_ / "collector.yaml",
            fmt::format(
                "listen: {{people: \"127.0.0.1:{}\", agents: \"127.0.0.1:{}\"}}\n"
                "data_dir: {}/collector\n{}",
                people_port_,
                agents_port_,
                dir_.path(),
                targets
            )
        );
    }

    test::TempDir dir_;
    std::string targets_;
    std::optional<test::Process> process_;
    int people_port_ = 0;
    int agents_port_ = 0;
};

}  // namespace muster::bench
