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
