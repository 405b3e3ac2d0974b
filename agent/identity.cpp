#include "agent/identity.hpp"

#include <boost/json.hpp>

#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_bytes = 256u << 10;

std::string folder(const std::string& data_dir) {
    return data_dir + "/identity";
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const boost::json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Result<Identity> parse(const std::string& text) {
    boost::system::error_code problem;
    const boost::json::value json = boost::json::parse(text, problem);
    if (problem || !json.is_object()) {
        return failure(ErrorKind::corrupt, "agent.json is not a JSON object; enrol again");
    }
    const boost::json::object& object = json.get_object();
    const auto id = Uuid::parse(text_of(object, "agent_id"));
    if (!id) {
        return failure(ErrorKind::corrupt, "agent.json has no agent_id; enrol again");
    }
    Identity out;
    out.agent = AgentId(*id);
    out.name = text_of(object, "name");
    out.site = text_of(object, "site");
    out.link = text_of(object, "link");
    return out;
}

}  // namespace

bool has_identity(Files& files, const std::string& data_dir) {
    return files.exists(folder(data_dir) + "/agent.json");
}

Status save_identity(Files& files, const std::string& data_dir, const Identity& identity) {
    const std::string at = folder(data_dir);
    if (auto made = files.create_directories(at); !made) {
        return made;
    }
    const boost::json::object json{
        {"agent_id", identity.agent.text()},
        {"name", identity.name},
        {"site", identity.site},
        {"link", identity.link},
    };
    const std::pair<std::string, std::string> parts[] = {
        {"/agent.key", identity.tls.private_key_pem},
        {"/agent.crt", identity.tls.certificate_chain_pem},
        {"/ca.crt", identity.tls.ca_pem},
        {"/agent.json", boost::json::serialize(json) + "\n"},
    };
    for (const auto& [name, content] : parts) {
        if (auto written = write_file_atomically(files, at + name, content); !written) {
            return written;
        }
    }
    return {};
}

Result<Identity> load_identity(Files& files, const std::string& data_dir) {
    const std::string at = folder(data_dir);
    if (!has_identity(files, data_dir)) {
        return failure(
            ErrorKind::not_found,
            "this agent is not enrolled: run `muster-agent enrol --collector URL --token-file "
            "FILE`",
            at
        );
    }
    auto json = read_file(files, at + "/agent.json", most_bytes);
    if (!json) {
        return failure(json.error());
    }
    auto identity = parse(*json);
    if (!identity) {
        return failure(identity.error(), at);
    }
    const std::pair<std::string, std::string*> parts[] = {
        {"/agent.key", &identity->tls.private_key_pem},
        {"/agent.crt", &identity->tls.certificate_chain_pem},
        {"/ca.crt", &identity->tls.ca_pem},
    };
    for (const auto& [name, into] : parts) {
        auto content = read_file(files, at + name, most_bytes);
        if (!content) {
            return failure(content.error());
        }
        *into = std::move(*content);
    }
    if (files.exists(at + "/next.crt")) {
        auto key = read_file(files, at + "/next.key", most_bytes);
        auto certificate = read_file(files, at + "/next.crt", most_bytes);
        if (!key || !certificate) {
            return failure(!key ? key.error() : certificate.error());
        }
        identity->next = wire::TlsIdentity{
            .certificate_chain_pem = std::move(*certificate),
            .private_key_pem = std::move(*key),
            .ca_pem = identity->tls.ca_pem
        };
    }
    return identity;
}

Status store_next(Files& files, const std::string& data_dir, const wire::TlsIdentity& next) {
    const std::string at = folder(data_dir);
    if (auto key = write_file_atomically(files, at + "/next.key", next.private_key_pem); !key) {
        return key;
    }
    return write_file_atomically(files, at + "/next.crt", next.certificate_chain_pem);
}

Status adopt_next(Files& files, const std::string& data_dir, const wire::TlsIdentity& next) {
    const std::string at = folder(data_dir);
    if (auto key = write_file_atomically(files, at + "/agent.key", next.private_key_pem); !key) {
        return key;
    }
    const auto certificate =
        write_file_atomically(files, at + "/agent.crt", next.certificate_chain_pem);
    return certificate ? forget_next(files, data_dir) : certificate;
}

Status forget_next(Files& files, const std::string& data_dir) {
    const std::string at = folder(data_dir);
    // The certificate first: a key alone is no next one.
    if (auto gone = files.remove(at + "/next.crt"); !gone) {
        return gone;
    }
    return files.remove(at + "/next.key");
}

}  // namespace muster::agent
