#include "tests/support/site.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/nobody.hpp"
#include "wire/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* short_periods = R"(
journal: {tick: 100ms}
state: {snapshot_every: 1s}
history: {seal_every: 2s}
notify: {backoff_least: 100ms, backoff_most: 1s}
)";

std::string listen_address(const std::string& host, std::uint16_t port) {
    return "\"" + host + ":" + std::to_string(port) + "\"";
}

}  // namespace

Result<wire::HttpAnswer> perform(wire::HttpCall call) {
    asio::io_context loop;
    std::optional<Result<wire::HttpAnswer>> answer;
    asio::co_spawn(
        loop,
        wire::http_call(loop, std::move(call), Deadline::in(10s)),
        [&](std::exception_ptr, Result<wire::HttpAnswer> result) {
            answer.emplace(std::move(result));
        }
    );
    loop.run();
    return std::move(*answer);
}

Site::Site() {
    configure("");
}

Site::~Site() {
    if (::testing::Test::HasFailure()) {
        if (collector_ && collector_->running()) {
            print_incidents();
        }
        std::cerr << "---- collector.log\n" << collector_log();
        for (const auto& [name, process] : agents_) {
            std::cerr << "---- " << name << ".log\n" << agent_log(name);
        }
    }
}

void Site::configure(const std::string& watch) {
    watch_ = watch;
    write(
        "collector.yaml",
        "listen: {people: " +
            listen_address(named_ == Named::yes ? "127.0.0.1" : "0.0.0.0", people_port_) +
            ", agents: " +
            listen_address(network_address_.empty() ? "127.0.0.1" : "0.0.0.0", agents_port_) +
            "}\n" +
            (network_address_.empty() || named_ == Named::no
                 ? ""
                 : "names: [" + network_address_ + "]\n") +
            "data_dir: " + data_dir() + "\nsecrets_from: [/etc/muster, " + dir_.path() + "]" +
            "\nlink: {heartbeat: 500ms, alive_every: 500ms, silent_after: " +
            format_duration(silent_after_) + ", silent_incident_after: " +
            format_duration(silent_incident_after_) + "}" + short_periods + watch_
    );
}

void Site::set_silence(Duration after, Duration incident_after) {
    silent_after_ = after;
    silent_incident_after_ = incident_after;
}

void Site::open_to_network(const std::string& address, Named named) {
    network_address_ = address;
    named_ = named;
}

void Site::run_under_units() {
    is_under_units_ = true;
    // Where nobody reaches them, wherever they were built.
    std::filesystem::create_directory(dir_ / "bin");
    for (const char* name :
         {"muster-agent", "muster-collector", "muster-inventory", "muster-probe-worker"}) {
        std::filesystem::copy_file(program(name), dir_ / "bin/" + name);
    }
    EXPECT_EQ(::chown(dir_.path().c_str(), nobody, nobody), 0);
}

std::vector<std::string> Site::command_of(const std::string& name, const std::string& unit) const {
    if (!is_under_units_) {
        return {program(name)};
    }
    return {program("under-unit"), MUSTER_SOURCE_DIR "/systemd/" + unit, dir_ / "bin/" + name};
}

void Site::write(const std::string& name, const std::string& text) const {
    write_text(dir_ / name, text);
    if (is_under_units_) {
        EXPECT_EQ(::chown((dir_ / name).c_str(), nobody, nobody), 0);
    }
}

void Site::start_collector(std::map<std::string, std::string> environment) {
    configure(watch_);
    std::filesystem::remove(data_dir() + "/collector.json");
    std::vector<std::string> command = command_of("muster-collector", "muster-collector.service");
    command.insert(command.end(), {"--config", dir_ / "collector.yaml"});
    collector_.emplace(
        Process::start(std::move(command), {std::move(environment), dir_ / "collector.log"})
    );
    std::string ready;
    ASSERT_TRUE(eventually(20s, [&] {
        ready = read_text(data_dir() + "/collector.json");
        return ready.ends_with("}") || ready.ends_with("}\n") || !collector_->running();
    })) << collector_log();
    if (collector_->running()) {
        const boost::json::value json = boost::json::parse(ready);
        people_port_ = json.at("people_port").to_number<std::uint16_t>();
        agents_port_ = json.at("agents_port").to_number<std::uint16_t>();
    }
}

std::string Site::join_token(const std::string& name, const std::string& extra_json) {
    const ApiAnswer answer =
        post("/join-tokens", R"({"ttl":"1h","name":")" + name + "\"" + extra_json + "}");
    EXPECT_EQ(answer.status, 201) << answer.body;
    return text_of(answer.body, "token");
}

void Site::enrol_agent(const std::string& name, const std::string& site) {
    const std::string where = site.empty() ? "" : R"(,"site":")" + site + "\"";
    write(name + ".token", join_token(name, where));
    write(
        name + ".yaml",
        "data_dir: " + agent_dir(name) +
            "\nspool: {flush: 50ms}\nlink: {backoff_least: 50ms, backoff_most: 500ms}\n"
    );
    if (is_under_units_ && std::filesystem::create_directory(agent_dir(name))) {
        ASSERT_EQ(::chown(agent_dir(name).c_str(), nobody, nobody), 0);  // as StateDirectory= does
    }
    // Also then as root, who is asked to type this.
    const CommandResult enrolled = run_command(
        {program("muster-agent"),
         "--config",
         dir_ / (name + ".yaml"),
         "enrol",
         "--collector",
         url(),
         "--token-file",
         dir_ / (name + ".token"),
         "--name",
         name}
    );
    ASSERT_EQ(enrolled.exit_code, 0) << enrolled.output;
}

void Site::start_agent(const std::string& name) {
    ASSERT_NO_FATAL_FAILURE(enrol_agent(name));
    resume_agent(name);
}

void Site::resume_agent(
    const std::string& name,
    std::map<std::string, std::string> environment,
    const std::vector<std::string>& within
) {
    std::vector<std::string> command = within;
    if (!within.empty()) {
        std::string text = read_text(dir_ / (name + ".yaml"));
        if (!text.starts_with("collector:")) {
            text.insert(
                0, "collector: " + network_address_ + ":" + std::to_string(agents_port_) + "\n"
            );
            write(name + ".yaml", text);
        }
    }
    const std::vector<std::string> agent = command_of("muster-agent", "muster-agent.service");
    command.insert(command.end(), agent.begin(), agent.end());
    command.insert(command.end(), {"--config", dir_ / (name + ".yaml")});
    agents_.insert_or_assign(
        name, Process::start(command, {std::move(environment), dir_ / (name + ".log")})
    );
}

int Site::stop_collector() {
    collector_->signal(SIGTERM);
    return collector_->wait(15s).value_or(-1);
}

int Site::stop_agent(const std::string& name) {
    agent(name).signal(SIGTERM);
    return agent(name).wait(15s).value_or(-1);
}

Process& Site::collector() {
    return *collector_;
}

Process& Site::agent(const std::string& name) {
    return agents_.at(name);
}

std::string Site::url() const {
    return "https://localhost:" + std::to_string(people_port_);
}

std::string Site::ca_pem() const {
    return read_text(data_dir() + "/ca/ca.crt");
}

ApiAnswer Site::call(const std::string& method, const std::string& path, const std::string& body) {
    wire::HttpCall call;
    call.method = method;
    call.url = url() + path;
    std::string token = read_text(data_dir() + "/admin.token");
    token.erase(token.find_last_not_of("\r\n") + 1);
    call.headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}};
    call.body = body;
    call.trust.ca_pem = ca_pem();
    const Result<wire::HttpAnswer> answer = perform(std::move(call));
    if (!answer) {
        return {0, boost::json::value(answer.error().text())};
    }
    boost::system::error_code not_json;
    boost::json::value value = boost::json::parse(answer->body, not_json);
    return {answer->status, not_json ? boost::json::value(answer->body) : std::move(value)};
}

CommandResult Site::create_user(const std::string& name, const std::string& role) {
    return muster({"user", "create", name, "--role", role, "--password-file", dir_ / "password"});
}

CommandResult Site::muster(std::vector<std::string> arguments, Duration patience) {
    write_text(
        dir_ / "cli.yaml",
        "server: " + url() + "\ntoken_file: " + data_dir() +
            "/admin.token\nca_file: " + data_dir() + "/ca/ca.crt\n"
    );
    arguments.insert(arguments.begin(), {program("muster"), "--config", dir_ / "cli.yaml"});
    return run_command(arguments, patience);
}

ApiAnswer Site::get(const std::string& path) {
    return call("GET", "/api/v1" + path, "");
}

ApiAnswer Site::post(const std::string& path, const std::string& body) {
    return call("POST", "/api/v1" + path, body);
}

std::string Site::metric(const std::string& series) {
    const ApiAnswer answer = call("GET", "/metrics", "");
    if (answer.status != 200 || !answer.body.is_string()) {
        return "";
    }
    const std::string text = "\n" + std::string(answer.body.as_string());
    const std::size_t at = text.find("\n" + series + " ");
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t value = at + series.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
}

boost::json::array Site::incidents() {
    const ApiAnswer answer = get("/incidents?limit=500");
    if (answer.status != 200) {
        return {};
    }
    boost::json::array items = answer.body.at("items").as_array();
    std::ranges::sort(items, [](const boost::json::value& a, const boost::json::value& b) {
        return a.at("number").to_number<std::int64_t>() < b.at("number").to_number<std::int64_t>();
    });
    return items;
}

void Site::print_incidents() {
    for (const boost::json::value& incident : incidents()) {
        const std::string id = text_of(incident, "id");
        std::cerr << "---- " << id << " " << text_of(incident, "state") << ": "
                  << text_of(incident, "title") << "\n";
        const ApiAnswer timeline = get("/incidents/" + id + "/timeline");
        if (timeline.status != 200) {
            std::cerr << timeline.body << "\n";
            continue;
        }
        for (const boost::json::value& line : timeline.body.at("items").as_array()) {
            std::cerr << line << "\n";
        }
    }
}

std::size_t Site::open_incidents() {
    const boost::json::array items = incidents();
    return static_cast<std::size_t>(std::ranges::count_if(
        items,
        [](const boost::json::value& incident) {
            const std::string state = text_of(incident, "state");
            return state != "resolved" && state != "closed" && state != "cancelled";
        }
    ));
}

std::map<std::string, std::string> Site::probe_states() {
    std::map<std::string, std::string> states;
    const ApiAnswer answer = get("/probes?limit=500");
    if (answer.status == 200) {
        for (const boost::json::value& probe : answer.body.at("items").as_array()) {
            states[text_of(probe, "ci_name") + " " + text_of(probe, "name")] =
                text_of(probe, "state");
        }
    }
    return states;
}

std::string Site::probe_id(const std::string& name) {
    const ApiAnswer answer = get("/probes?limit=500");
    if (answer.status == 200) {
        for (const boost::json::value& probe : answer.body.at("items").as_array()) {
            if (text_of(probe, "ci_name") + " " + text_of(probe, "name") == name) {
                return text_of(probe, "id");
            }
        }
    }
    return "";
}

std::string text_of(const boost::json::value& object, std::string_view field) {
    const boost::json::value* value =
        object.is_object() ? object.as_object().if_contains(field) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace muster::test
