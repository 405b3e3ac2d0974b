#include "ctl/probe_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <istream>

namespace muster::ctl {

namespace {

using config::ParamKind;
using config::ParamSpec;

const ParamSpec* find_spec(const probes::ProbeType& type, std::string_view name) {
    const auto found =
        std::find_if(type.params.begin(), type.params.end(), [&](const ParamSpec& spec) {
            return spec.name == name;
        });
    return found == type.params.end() ? nullptr : &*found;
}

std::string help_of(const ParamSpec& spec) {
    std::string help(spec.summary);
    if (!spec.default_text.empty()) {
        help += fmt::format(" Default {}.", spec.default_text);
    }
    return help;
}

/// "{get,head}", as CLI11 writes what a check accepts; completion reads it.
std::string choices_text(const ParamSpec& spec) {
    std::string text = fmt::format("{{{}}}", spec.choices);
    std::replace(text.begin(), text.end(), '|', ',');
    return text;
}

/// "200,301" → two lines. Numbers and OIDs hold no commas; texts may, and are repeated instead.
std::string joined_lines(const ParamSpec& spec, const std::vector<std::string>& values) {
    std::string lines;
    for (const std::string& value : values) {
        lines += (lines.empty() ? "" : "\n") + value;
    }
    if (spec.kind == ParamKind::integer_list || spec.kind == ParamKind::oid_list) {
        std::replace(lines.begin(), lines.end(), ',', '\n');
    }
    return lines;
}

Result<std::string> map_lines(const ParamSpec& spec, const std::vector<std::string>& values) {
    std::string lines;
    for (const std::string& value : values) {
        const std::size_t colon = value.find(':');
        if (colon == 0 || colon == std::string::npos) {
            return failure(
                ErrorKind::invalid,
                fmt::format("\"{}\", expected \"Name: value\"", value),
                option_name(spec)
            );
        }
        const std::size_t start = value.find_first_not_of(' ', colon + 1);
        lines += fmt::format(
            "{}{}\t{}",
            lines.empty() ? "" : "\n",
            value.substr(0, colon),
            start == std::string::npos ? "" : value.substr(start)
        );
    }
    return lines;
}

struct HostAndPort {
    std::string host;
    std::string port;  ///< empty where there is none
};

/// "host1:81", "192.0.2.1:81", "[2001:db8::1]:81"; an IPv6 address without brackets has no port.
HostAndPort host_and_port(const std::string& target) {
    const std::size_t colon = target.rfind(':');
    const bool has_brackets = target.starts_with('[');
    const std::string port = colon == std::string::npos ? "" : target.substr(colon + 1);
    const bool is_number =
        !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
    if (has_brackets && target.ends_with(']')) {
        return {target.substr(1, target.size() - 2), ""};
    }
    if (!is_number || (!has_brackets && target.find(':') != colon) ||
        (has_brackets && target[colon - 1] != ']')) {
        return {target, ""};
    }
    return {has_brackets ? target.substr(1, colon - 2) : target.substr(0, colon), port};
}

}  // namespace

std::string option_name(const ParamSpec& spec) {
    std::string name = "--" + std::string(spec.name);
    std::replace(name.begin(), name.end(), '.', '-');
    std::replace(name.begin(), name.end(), '_', '-');
    return spec.kind == ParamKind::secret ? name + "-file" : name;
}

const ParamSpec* target_option(const probes::ProbeType& type) {
    const auto found =
        std::find_if(type.params.begin(), type.params.end(), [](const ParamSpec& spec) {
            return spec.required && spec.kind == ParamKind::url;
        });
    return found == type.params.end() ? nullptr : &*found;
}

Result<std::string> take_target(
    const probes::ProbeType& type, const std::string& target, config::Params& params
) {
    const auto wrong = [&target](std::string what) {
        return failure(ErrorKind::invalid, std::move(what), target);
    };
    const bool is_url = target.find("://") != std::string::npos;
    if (const ParamSpec* url = target_option(type); url != nullptr) {
        if (!is_url) {
            return wrong(fmt::format(
                "expected a URL, which begins with http:// or https://: https://{}", target
            ));
        }
        params[std::string(url->name)] = target;
        return std::string();
    }
    if (is_url) {
        return wrong("expected a name or an address; muster probe http asks a URL");
    }
    const HostAndPort said = host_and_port(target);
    if (said.port.empty()) {
        return said.host;
    }
    if (find_spec(type, "port") == nullptr) {
        return wrong(fmt::format(
            "{0} asks a host, which has no port: muster probe {0} {1}; muster probe tcp {2} asks "
            "the port",
            type.name,
            said.host,
            target
        ));
    }
    if (const auto given = params.find("port");
        given != params.end() && given->second != said.port) {
        return wrong("there is another port in --port " + given->second);
    }
    params["port"] = said.port;
    return said.host;
}

bool lacks_port(const probes::ProbeType& type, const config::Params& params) {
    const ParamSpec* port = find_spec(type, "port");
    return port != nullptr && port->required && !params.contains("port");
}

std::string target_help(const probes::ProbeType& type) {
    if (target_option(type) != nullptr) {
        return "The URL, with http:// or https://";
    }
    return find_spec(type, "port") == nullptr ? "Name or address"
                                              : "Name or address; :PORT may stand behind it";
}

void add_probe_options(CLI::App& app, const probes::ProbeType& type, GivenOptions& given) {
    const ParamSpec* target = target_option(type);
    for (const ParamSpec& spec : type.params) {
        if (&spec == target) {
            continue;
        }
        const std::string name(spec.name);
        if (spec.kind == ParamKind::secret) {
            app.add_option_function<std::string>(
                option_name(spec),
                [&given, name](const std::string& file) { given.secret_files[name] = file; },
                help_of(spec) + " A file, or - for standard input."
            );
            continue;
        }
        const bool many = spec.kind == ParamKind::text_list ||
                          spec.kind == ParamKind::integer_list ||
                          spec.kind == ParamKind::oid_list || spec.kind == ParamKind::text_map;
        CLI::Option* option = app.add_option_function<std::vector<std::string>>(
            option_name(spec),
            [&given, name](const std::vector<std::string>& values) { given.values[name] = values; },
            help_of(spec)
        );
        option->expected(1)->type_size(1);
        if (!spec.choices.empty()) {
            option->type_name(choices_text(spec));
        }
        option->multi_option_policy(
            many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast
        );
    }
}

Result<config::Params> probe_params(const probes::ProbeType& type, const GivenOptions& given) {
    config::Params params;
    for (const auto& [name, values] : given.values) {
        const ParamSpec* spec = find_spec(type, name);
        if (spec == nullptr) {
            return failure(ErrorKind::invalid, "unknown option", name);
        }
        if (spec->kind == ParamKind::text_map) {
            Result<std::string> lines = map_lines(*spec, values);
            if (!lines) {
                return failure(lines.error());
            }
            params[name] = std::move(*lines);
        } else {
            params[name] = joined_lines(*spec, values);
        }
        if (const auto value = config::canonical_value(*spec, params[name]); !value) {
            return failure(value.error(), option_name(*spec));
        }
    }
    return params;
}

Result<std::vector<std::pair<std::string, std::string>>> probe_secrets(
    Files& files, std::istream& in, const GivenOptions& given
) {
    std::vector<std::pair<std::string, std::string>> secrets;
    for (const auto& [name, file] : given.secret_files) {
        if (file == "-") {
            std::string line;
            std::getline(in, line);
            if (line.empty()) {
                return failure(ErrorKind::invalid, "nothing on standard input", name);
            }
            secrets.emplace_back(name, std::move(line));
            continue;
        }
        const Result<Secret> secret = read_secret_file(files, file);
        if (!secret) {
            return failure(secret.error());
        }
        secrets.emplace_back(name, std::string(secret->reveal()));
    }
    return secrets;
}

}  // namespace muster::ctl
