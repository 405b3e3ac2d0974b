#include "agent/identity.hpp"

#include "base/failpoint.hpp"
#include "base/sealed.hpp"

#include <boost/json.hpp>

#include <limits>
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
    const boost::json::value* port = object.if_contains("people_port");
    if (port != nullptr && port->is_int64() && port->get_int64() > 0 &&
        port->get_int64() <= std::numeric_limits<std::uint16_t>::max()) {
        out.people_port = static_cast<std::uint16_t>(port->get_int64());
    }
    return out;
}

Result<std::string> read_part(Files& files, const std::string& data_dir, const std::string& name) {
    auto content = read_file(files, folder(data_dir) + name, most_bytes);
    if (!content && content.error().kind() == ErrorKind::refused) {
        return failure(
            ErrorKind::refused,
            content.error().what() +
                "; give all of it to the user of muster-agent: chown -R --reference=" + data_dir +
                " " + folder(data_dir),
            content.error().context()
        );
    }
    return content;
}

}  // namespace

Result<bool> has_identity(Files& files, const std::string& data_dir) {
    const auto json = read_part(files, data_dir, "/agent.json");
    if (!json && json.error().kind() == ErrorKind::not_found) {
        return false;
    }
    return json ? Result<bool>(true) : failure(json.error());
}

Status save_identity(Files& files, const std::string& data_dir, const Identity& identity) {
    const std::string at = folder(data_dir);
    Status made = files.create_directories(at);
    if (made) {
        // The folder's own name: its token has been used, there is no second one.
        made = files.sync_directory(data_dir);
    }
    if (!made) {
        return made;
    }
    const boost::json::object json{
        {"agent_id", identity.agent.text()},
        {"name", identity.name},
        {"site", identity.site},
        {"link", identity.link},
        {"people_port", identity.people_port},
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
    auto json = read_part(files, data_dir, "/agent.json");
    if (!json && json.error().kind() == ErrorKind::not_found) {
        return failure(
            ErrorKind::not_found,
            "this agent is not enrolled: run `muster-agent enrol --collector URL --token-file "
            "FILE`",
            at
        );
    }
    if (!json) {
        return failure(json.error());
    }
    auto identity = parse(*json);
    if (!identity) {
        return failure(identity.error(), at);
    }
    const std::pair<const char*, std::string*> parts[] = {
        {"/agent.key", &identity->tls.private_key_pem},
        {"/agent.crt", &identity->tls.certificate_chain_pem},
        {"/ca.crt", &identity->tls.ca_pem},
    };
    for (const auto& [name, into] : parts) {
        auto content = read_part(files, data_dir, name);
        if (!content) {
            return failure(content.error());
        }
        *into = std::move(*content);
    }
    if (files.exists(at + "/next.crt")) {
        auto key = read_part(files, data_dir, "/next.key");
        auto certificate = read_part(files, data_dir, "/next.crt");
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

Result<Secret> sealing_key(Files& files, const std::string& data_dir) {
    const std::string path = folder(data_dir) + "/seal.key";
    auto stored = read_file(files, path, most_bytes);
    if (stored) {
        Secret key(std::move(*stored));
        if (is_sealing_key(key)) {
            return key;
        }
    } else if (stored.error().kind() != ErrorKind::not_found) {
        return failure(stored.error());
    }
    Secret key = make_sealing_key();
    if (auto kept = write_file_atomically(files, path, key.reveal()); !kept) {
        return failure(kept.error());
    }
    return key;
}

Status store_next(Files& files, const std::string& data_dir, const wire::TlsIdentity& next) {
    const std::string at = folder(data_dir);
    if (auto key = write_file_atomically(files, at + "/next.key", next.private_key_pem); !key) {
        return key;
    }
    failpoint("identity.next_key");
    const auto stored = write_file_atomically(files, at + "/next.crt", next.certificate_chain_pem);
    failpoint("identity.next_certificate");
    return stored;
}

Status adopt_next(Files& files, const std::string& data_dir, const wire::TlsIdentity& next) {
    const std::string at = folder(data_dir);
    if (auto key = write_file_atomically(files, at + "/agent.key", next.private_key_pem); !key) {
        return key;
    }
    failpoint("identity.adopted_key");
    const auto certificate =
        write_file_atomically(files, at + "/agent.crt", next.certificate_chain_pem);
    failpoint("identity.adopted_certificate");
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

Status store_authorities(Files& files, const std::string& data_dir, const std::string& pem) {
    return write_file_atomically(files, folder(data_dir) + "/ca.crt", pem);
}

}  // namespace muster::agent
