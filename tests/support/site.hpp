// Owns: a whole Muster for a test: real collector, real agents, real API, on loopback, at a twentieth of the usual periods.
#pragma once

#include "base/time.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/http_client.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::test {

struct ApiAnswer {
    int status = 0;
    boost::json::value body;
};

/// One request on a loop of its own, within 10 s.
Result<wire::HttpAnswer> perform(wire::HttpCall call);

/// One collector and any number of agents below one temporary folder. Everything it started ends with it.
class Site {
  public:
    Site();
    ~Site();

    /// collector.yaml = the short periods of a test plus `watch` (targets, policies, channels).
    void configure(const std::string& watch);
    /// When an agent that is not heard is silent, and when that is an incident. Before `configure`.
    void set_silence(Duration after, Duration incident_after);
    enum class Named { yes, no };
    /// The collector listens on every address and is called `address` by agents elsewhere; no: for agents and people, without
    /// a name in its configuration. Before `configure`.
    void open_to_network(const std::string& address, Named named = Named::yes);
    /// The daemons run from now on under the restrictions of their units in systemd/ and as nobody, whose the folder of this site
    /// is then. Before anything is started.
    void run_under_units();
    /// The command of one of our programs, below the restrictions of `unit` after `run_under_units`.
    std::vector<std::string> command_of(const std::string& name, const std::string& unit) const;
    /// Starts the collector and waits until it is ready; keeps its ports over restarts.
    void start_collector(std::map<std::string, std::string> environment = {});
    /// Makes a join token and enrols an agent, which is not started.
    void enrol_agent(const std::string& name = "agent1", const std::string& site = "");
    /// Enrols and starts an agent.
    void start_agent(const std::string& name = "agent1");
    /// Starts an agent that is enrolled already. `within`: a command to run it by, such as nsenter and its arguments; the
    /// agent is then told to call the address of `open_to_network`.
    void resume_agent(
        const std::string& name = "agent1",
        std::map<std::string, std::string> environment = {},
        const std::vector<std::string>& within = {}
    );
    /// SIGTERM, then waits for the end; gives the exit code.
    int stop_collector();
    int stop_agent(const std::string& name = "agent1");
    Process& collector();
    Process& agent(const std::string& name = "agent1");

    /// Below dir(), readable for whom the daemons run as.
    void write(const std::string& name, const std::string& text) const;
    std::string join_token(const std::string& name, const std::string& extra_json = "");
    /// With the password in the file `password` of `dir()`.
    CommandResult create_user(const std::string& name, const std::string& role);
    /// `muster ARGUMENTS…` as the administrator; both streams are in the output.
    CommandResult muster(
        std::vector<std::string> arguments, Duration patience = std::chrono::seconds(30)
    );
    ApiAnswer get(const std::string& path);
    ApiAnswer post(const std::string& path, const std::string& body);
    /// The value of a series of GET /metrics, `name{label="value"}`, as it stands there; empty where there is none.
    std::string metric(const std::string& series);
    /// All incidents, oldest first.
    boost::json::array incidents();
    /// Number of incidents in state "new" or later, not resolved.
    std::size_t open_incidents();
    /// Probes by name: state, as in GET /probes.
    std::map<std::string, std::string> probe_states();

    /// The id of the probe of that name in probe_states(); empty where there is none.
    std::string probe_id(const std::string& name);

    std::string url() const;

    std::uint16_t people_port() const { return people_port_; }

    std::uint16_t agents_port() const { return agents_port_; }

    const TempDir& dir() const { return dir_; }

    std::string data_dir() const { return dir_ / "collector"; }

    std::string agent_dir(const std::string& name = "agent1") const { return dir_ / name; }

    std::string collector_log() const { return read_text(dir_ / "collector.log"); }

    std::string agent_log(const std::string& name = "agent1") const {
        return read_text(dir_ / (name + ".log"));
    }

    std::string ca_pem() const;

  private:
    /// Every incident with its timeline, for whoever looks into a failure.
    void print_incidents();
    ApiAnswer call(const std::string& method, const std::string& path, const std::string& body);

    TempDir dir_;
    std::string watch_;
    std::string network_address_;
    Named named_ = Named::yes;
    bool is_under_units_ = false;
    Duration silent_after_ = std::chrono::milliseconds(1500);
    Duration silent_incident_after_ = std::chrono::seconds(15);
    std::optional<Process> collector_;
    std::map<std::string, Process> agents_;
    std::uint16_t people_port_ = 0;
    std::uint16_t agents_port_ = 0;
};

/// A text field of a JSON object; empty when it is missing or null.
std::string text_of(const boost::json::value& object, std::string_view field);

}  // namespace muster::test
