#include "tests/collector/api_fixture.hpp"

#include "collector/figures/collector_figures.hpp"
#include "collector/migrations.hpp"

namespace muster::collector::test {

namespace {

using namespace std::chrono_literals;

Database open_state(const std::string& path) {
    Result<Database> database = Database::open(path, {});
    EXPECT_TRUE(database) << database.error().text();
    const Status migrated = database->migrate(brain_migrations());
    EXPECT_TRUE(migrated) << migrated.error().text();
    return std::move(*database);
}

Statement prepare(Database& database, std::string_view sql) {
    Result<Statement> statement = database.prepare(sql);
    EXPECT_TRUE(statement) << statement.error().text();
    return std::move(*statement);
}

void run_statement(Statement& statement) {
    const Result<std::int64_t> changed = statement.run();
    EXPECT_TRUE(changed) << changed.error().text();
}

/// "good" is whatever the test says; every other token is asked of access.db.
Task<Result<Actor>> check_bearer(
    const Surroundings* around, AccessOperations* real, Secret bearer, std::string address
) {
    if (bearer.reveal() != "good") {
        Task<Result<Actor>> checking = real->check_bearer(std::move(bearer), std::move(address));
        co_return co_await std::move(checking);
    }
    Actor actor;
    actor.name = "admin";
    actor.granted = around->granted;
    actor.scope = around->scope;
    actor.token = "good";
    co_return actor;
}

Task<Result<EnrolAnswer>> enrol(Surroundings* around, EnrolRequest request) {
    around->enrolled.push_back(request.hostname);
    co_return around->enrol_answer;
}

Task<Result<RecoverAnswer>> recover(Surroundings* around, RecoverRequest request) {
    around->recovered.push_back(request.proof.signature);
    co_return around->recover_answer;
}

Task<Result<Verdict>> submit(Surroundings* around, Command command) {
    around->commands.push_back(std::move(command));
    co_return around->verdict;
}

}  // namespace

std::string id_bytes(std::uint8_t number) {
    std::string bytes(16, '\0');
    bytes[15] = static_cast<char>(number);
    return bytes;
}

std::string id_text(std::uint8_t number) {
    return Uuid::from_bytes(id_bytes(number))->text();
}

StateFile::StateFile(const std::string& path) : database_(open_state(path)) {}

void StateFile::ci(
    std::uint8_t id, const std::string& name, const std::string& state, const std::string& site
) {
    Statement row = prepare(
        database_,
        "INSERT INTO ci (id, class, name, address, site, service, source, state, state_since, "
        "created, created_lsn)"
        " VALUES (?1, 'application_endpoint', ?2, '192.0.2.1', ?4, 'Intranet', 'configuration', "
        "?3, 1, 1, 1)"
    );
    const std::string bytes = id_bytes(id);
    row.bind_blob(0, bytes).bind_text(1, name).bind_text(2, state).bind_text(3, site);
    run_statement(row);
}

void StateFile::agent(
    std::uint8_t id, const std::string& name, const std::string& state, const std::string& site
) {
    Statement row = prepare(
        database_,
        "INSERT INTO agent (id, name, ci, site, hostname, version, address, state, state_since, "
        "enrolled, epoch, probes)"
        " VALUES (?1, ?2, x'00', ?4, 'h1', '0.1.0', '127.0.0.1', ?3, 1, 1, 7, 3)"
    );
    const std::string bytes = id_bytes(id);
    row.bind_blob(0, bytes).bind_text(1, name).bind_text(2, state).bind_text(3, site);
    run_statement(row);
}

void StateFile::unobserved(std::uint8_t agent, std::int64_t from, std::int64_t to) {
    Statement row = prepare(
        database_,
        "INSERT INTO agent_unobserved (agent, from_wall, to_wall, reason, lsn) VALUES (?1, ?2, ?3, "
        "'silent', 1)"
    );
    const std::string bytes = id_bytes(agent);
    row.bind_blob(0, bytes).bind(1, from);
    if (to == 0) {
        row.bind_null(2);
    } else {
        row.bind(2, to);
    }
    run_statement(row);
}

void StateFile::probe(
    std::uint8_t id,
    std::uint8_t ci,
    std::uint8_t agent,
    const std::string& name,
    const std::string& state
) {
    Statement row = prepare(
        database_,
        "INSERT INTO probe (id, ci, agent, type, name, origin, host, interval_ms, timeout_ms, "
        "params, rule, state,"
        " state_since, reason, expected, seen)"
        " VALUES (?1, ?2, ?3, 'icmp', ?4, 'target t', '192.0.2.1', 10000, 1000, "
        "'{\"count\":\"3\"}',"
        " '{\"failures\":3}', ?5, 5, '', '', '')"
    );
    const std::string id_raw = id_bytes(id);
    const std::string ci_raw = id_bytes(ci);
    const std::string agent_raw = id_bytes(agent);
    row.bind_blob(0, id_raw).bind_blob(1, ci_raw).bind_blob(2, agent_raw);
    row.bind_text(3, name).bind_text(4, state);
    run_statement(row);
}

void StateFile::incident(std::int64_t number, std::uint8_t ci, const std::string& state) {
    Statement row = prepare(
        database_,
        "INSERT INTO incident (number, kind, key, ci, title, place, state, priority, urgency, "
        "expected, seen, reason,"
        " started, detected, opened, detected_late, why, version)"
        " VALUES (?1, 'fault', 'fault/x', ?2, 'intranet is down', 'HQ', ?3, 2, 'high', 'HTTP 200', "
        "'HTTP 503',"
        " 'status', 1000000000, 2000000000, 3000000000, 0, '{\"rule\":\"3 in a row\"}', ?4)"
    );
    const std::string bytes = id_bytes(ci);
    row.bind(0, number).bind_blob(1, bytes).bind_text(2, state).bind(3, number * 10);
    run_statement(row);
}

void StateFile::timeline(std::int64_t incident, std::int64_t lsn, const std::string& kind) {
    Statement row = prepare(
        database_,
        "INSERT INTO incident_timeline (incident, lsn, ordinal, wall, kind, actor, text, data)"
        " VALUES (?1, ?2, 0, ?2, ?3, 'admin', '', '{}')"
    );
    row.bind(0, incident).bind(1, lsn).bind_text(2, kind);
    run_statement(row);
}

void StateFile::message(
    std::int64_t lsn,
    std::int64_t incident,
    const std::string& channel,
    const std::string& transition
) {
    Statement row = prepare(
        database_,
        "INSERT INTO outbox (id, incident, transition, channel, created, payload, state, attempts, "
        "last_error, lsn,"
        " ordinal) VALUES (?1, ?2, ?3, ?4, 1, ?5, 'waiting', 0, '', ?6, 0)"
    );
    const std::string id = "INC-" + std::to_string(incident) + "/" + transition + "/" + channel;
    row.bind_text(0, id).bind(1, incident).bind_text(2, transition).bind_text(3, channel);
    row.bind_text(4, R"({"specversion":"1.0","id":")" + id + "\"}").bind(5, lsn);
    run_statement(row);
}

void StateFile::message_is(const std::string& id, const std::string& state) {
    Statement row = prepare(database_, "UPDATE outbox SET state = ?2 WHERE id = ?1");
    row.bind_text(0, id).bind_text(1, state);
    run_statement(row);
}

namespace {

/// A configuration of nothing, applied to which secrets of the test may be named.
config::LoadedCollector nothing_with(const std::string& secrets_from) {
    config::LoadedCollector out;
    out.process.secrets_from.push_back(secrets_from);
    return out;
}

Task<std::optional<ChannelTest>> test_channel(Surroundings* around) {
    co_return around->channel_test;
}

}  // namespace

ApiTest::ApiTest()
    : state_(dir_ / "state.db"),
      configuration_(
          {.files = &files_, .path = "", .data_dir = dir_ / "data", .data_dir_said = ""},
          nothing_with(dir_.path())
      ) {
    EXPECT_TRUE(files_.create_directories(dir_ / "data"));
    Result<StateReader> reader = StateReader::open(dir_ / "state.db", 2);
    EXPECT_TRUE(reader) << reader.error().text();
    reader_.emplace(std::move(*reader));
    context_.state = &*reader_;
    context_.clock = &clock_;
    context_.random = &random_;
    context_.journal = dir_ / "journal";
    open_access();
    context_.access.enrol = [this](EnrolRequest request) {
        return enrol(&around_, std::move(request));
    };
    context_.access.recover = [this](RecoverRequest request) {
        return recover(&around_, std::move(request));
    };
    context_.submit = [this](Command command) { return submit(&around_, std::move(command)); };
    context_.configuration = [this] { return &configuration_; };
    context_.apply = [this](const ApplyRequest& request) {
        auto outcome = configuration_.apply(request);
        reader_->use(configuration_.model());
        return outcome;
    };
    context_.health = [this] { return around_.health; };
    context_.backups = [this] { return around_.backups; };
    context_.back_up = [this]() -> Result<BackupRow> {
        const bool is_busy =
            !around_.backups.empty() && around_.backups.back().state == BackupRow::State::making;
        if (is_busy) {
            return failure(ErrorKind::conflict, "a backup is being made");
        }
        return around_.backups.emplace_back(BackupRow{.name = "now", .manifest = {}});
    };
    context_.nobody_told = [this] { return around_.nobody_told; };
    context_.figures = [] { return CollectorFigures{}; };
    context_.test_channel = [this](const std::string&) { return test_channel(&around_); };
    api_.emplace(context_);
}

ApiTest::~ApiTest() {
    stop_listening();
}

void ApiTest::open_access() {
    Result<AccessStore> store = AccessStore::open(dir_ / "access.db");
    EXPECT_TRUE(store) << store.error().text();
    Result<CertificateAuthority> authority =
        CertificateAuthority::open(files_, dir_ / "ca", {"localhost"}, clock_.wall());
    EXPECT_TRUE(authority) << authority.error().text();
    access_authority_.emplace(std::move(*authority));
    const AccessContext outside{
        .loop = &loop_,
        .clock = &clock_,
        .random = &random_,
        .journal = nullptr,
        .authority = &*access_authority_,
        .certificate_valid = 24h,
        .cut_link = {}
    };
    Result<AccessAdapter> access = AccessAdapter::open(outside, std::move(*store));
    EXPECT_TRUE(access) << access.error().text();
    access_.emplace(std::move(*access));
    real_access_ = access_->operations();
    context_.access = real_access_;
    context_.access.check_bearer = [this](Secret bearer, std::string address) {
        return check_bearer(&around_, &real_access_, std::move(bearer), std::move(address));
    };
}

HttpResponse ApiTest::ask(HttpRequest request) {
    if (request.peer.empty()) {
        request.peer = "127.0.0.1:1";
    }
    return run(loop_, api_->answer(std::move(request)));
}

HttpResponse ApiTest::get(const std::string& target, const std::string& token) {
    HttpRequest request;
    request.method = "GET";
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    request.query = question == std::string::npos ? "" : target.substr(question + 1);
    if (!token.empty()) {
        request.headers["authorization"] = "Bearer " + token;
    }
    return ask(std::move(request));
}

HttpResponse ApiTest::post(
    const std::string& target, const std::string& body, std::map<std::string, std::string> headers
) {
    return send("POST", target, body, std::move(headers));
}

HttpResponse ApiTest::send(
    const std::string& method,
    const std::string& path,
    const std::string& body,
    std::map<std::string, std::string> headers
) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.headers = std::move(headers);
    if (!request.headers.contains("cookie")) {
        request.headers.emplace("authorization", "Bearer good");
    }
    request.headers.emplace("content-type", "application/json");
    return ask(std::move(request));
}

boost::json::value ApiTest::body_of(const HttpResponse& response) {
    boost::system::error_code problem;
    boost::json::value value = boost::json::parse(response.body, problem);
    EXPECT_FALSE(problem) << response.body;
    return value;
}

void ApiTest::listen(HttpLimits limits) {
    const WallTime now = SystemClock().wall();
    authority_ = *wire::make_authority("test authority", now);
    const auto server = *wire::issue_server(authority_, {"localhost", "127.0.0.1"}, now, 24h);
    HttpServerOptions options;
    options.endpoint = "127.0.0.1:0";
    options.certificate_chain_pem = server.certificate_pem + authority_.certificate_pem;
    options.private_key_pem = Secret(server.key_pem);
    options.limits = limits;
    Result<HttpServer> opened =
        HttpServer::open(loop_, std::move(options), [this](HttpRequest request) {
            return api_->answer(std::move(request));
        });
    ASSERT_TRUE(opened) << opened.error().text();
    server_.emplace(std::move(*opened));
}

void ApiTest::stop_listening() {
    if (!server_) {
        return;
    }
    server_->stop();
    loop_.restart();
    loop_.run_for(5s);  // returns as soon as nothing is left
    EXPECT_EQ(server_->connections(), 0U);
    server_.reset();
}

Result<wire::HttpAnswer> ApiTest::call(wire::HttpCall call) {
    return run(loop_, wire::http_call(loop_, std::move(call), Deadline::in(10s)));
}

std::string ApiTest::url(const std::string& path) const {
    return "https://localhost:" + std::to_string(server_->port()) + path;
}

}  // namespace muster::collector::test
