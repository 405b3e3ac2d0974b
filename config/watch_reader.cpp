#include "config/watch_reader.hpp"

#include "config/query_reader.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace muster::config {

namespace {

constexpr std::size_t most_probes = 2'000'000;

Vantage read_vantage(const Source& source, const MapReader& owner) {
    Vantage from;
    const YamlNode& node = owner.section("from");
    const MapReader reader(source, node, schema::from);
    reader.read("agent", from.agent);
    reader.read("site", from.site);
    reader.read("any", from.any);
    from.quorum = from.any / 2 + 1;
    reader.read("quorum", from.quorum);
    if (from.quorum > from.any) {
        source.wrong(
            reader.at("quorum"),
            fmt::format(
                "quorum: {} of {}, expected at most \"any\": so many agents probe",
                from.quorum,
                from.any
            )
        );
    }
    if (!from.agent.empty() && from.any > 1) {
        source.wrong(
            reader.at("any"),
            "any: beside the name of one agent, expected \"site\" or neither of the two"
        );
    }
    if (!from.agent.empty() && !from.site.empty()) {
        source.wrong(reader.at("site"), "site: beside an agent, expected one of the two");
    }
    return from;
}

/// The types that the entries of `probes:` name; what is wrong with them is told elsewhere.
std::vector<std::string_view> types_of(const MapReader& owner) {
    std::vector<std::string_view> out;
    for (const YamlNode& entry : owner.list("probes")) {
        const YamlNode* type = entry.kind == YamlKind::map ? entry.find("type") : nullptr;
        if (type != nullptr && type->kind == YamlKind::scalar &&
            std::ranges::find(out, type->text) == out.end()) {
            out.emplace_back(type->text);
        }
    }
    return out;
}

Urgency read_urgency(const MapReader& reader) {
    std::string text = "medium";
    reader.read("urgency", text);
    return text == "high" ? Urgency::high : text == "low" ? Urgency::low : Urgency::medium;
}

/// Rows that are there take the place of the shipped ones.
void read_priorities(const Source& source, const MapReader& reader, IncidentRules& rules) {
    static constexpr std::string_view impacts[] = {"high", "medium", "low"};
    const MapReader table(source, reader.section("priority"), schema::priority);
    for (std::size_t row = 0; row < rules.priority.size(); ++row) {
        std::vector<std::string> given;
        table.read(impacts[row], given);
        if (!table.has(impacts[row])) {
            continue;
        }
        const bool is_row = given.size() == 3 && std::ranges::all_of(given, [](const auto& each) {
                                return each.size() == 1 && each[0] >= '1' && each[0] <= '4';
                            });
        if (!is_row) {
            source.wrong(
                table.at(impacts[row]),
                fmt::format(
                    "{}: expected three priorities, 1 to 4, for urgency high, medium and low",
                    impacts[row]
                )
            );
            continue;
        }
        for (std::size_t column = 0; column < given.size(); ++column) {
            rules.priority[row][column] = static_cast<std::uint8_t>(given[column][0] - '0');
        }
    }
}

bool is_class_name(std::string_view text) {
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

void put_number_everywhere(Target& target, std::uint32_t number) {
    for (std::string* text :
         {&target.name,
          &target.address,
          &target.site,
          &target.service,
          &target.from.agent,
          &target.from.site}) {
        put_number(*text, number);
    }
    for (auto& [label, value] : target.labels) {
        put_number(value, number);
    }
}

}  // namespace

void WatchReader::read(const Source& source, const YamlNode& root) {
    if (root.kind != YamlKind::map) {
        return;  // the caller has said so
    }
    files_.push_back(source.file);
    const MapReader reader(source, root, schema::watch_file, Strictness::unknown_keys_left);
    for (const YamlNode& node : reader.list("targets")) {
        read_target(source, node);
    }
    for (const YamlNode& node : reader.list("policies")) {
        read_policy(source, node);
    }
    for (const YamlNode& node : reader.list("thresholds")) {
        read_threshold(source, node);
    }
    for (const YamlNode& node : reader.list("channels")) {
        read_channel(source, node);
    }
    read_brakes(source, reader);
}

void WatchReader::read_brakes(const Source& source, const MapReader& reader) {
    if (reader.has("host_watch") &&
        claim(source, reader.at("host_watch"), "section", "host_watch")) {
        const MapReader watch(source, reader.section("host_watch"), schema::host_watch);
        watch.read("enabled", watch_.host_watch.enabled);
        watch.read("interval", watch_.host_watch.interval);
        watch.read("failures", watch_.host_watch.failures);
        watch.read("port", watch_.host_watch.port);
    }
    if (reader.has("storm") && claim(source, reader.at("storm"), "section", "storm")) {
        const MapReader storm(source, reader.section("storm"), schema::storm);
        storm.read("incidents", watch_.storm.incidents);
        storm.read("within", watch_.storm.within);
    }
    if (reader.has("incidents") && claim(source, reader.at("incidents"), "section", "incidents")) {
        const MapReader incidents(source, reader.section("incidents"), schema::incidents);
        incidents.read("reopen_within", watch_.incidents.reopen_within);
        read_priorities(source, incidents, watch_.incidents);
    }
}

WatchReader::Common WatchReader::read_common(const Source& source, const MapReader& reader) const {
    Common common;
    common.from = read_vantage(source, reader);
    common.rule = RuleReader(source, types_).read(reader, types_of(reader));
    common.urgency = read_urgency(reader);
    return common;
}

bool WatchReader::claim(
    const Source& source, Position at, std::string_view kind, const std::string& name
) {
    const NamedAt here{files_.size() - 1, at};
    const auto [found, is_new] = names_[std::string(kind)].try_emplace(name, here);
    if (is_new) {
        return true;
    }
    Place blamed{source.file, at};
    Place other{files_[found->second.file], found->second.at};
    if (!is_changed(blamed.file) && is_changed(other.file)) {
        std::swap(blamed, other);
    }
    source.issues.add(
        blamed.file,
        blamed.at,
        fmt::format(
            "a second {} named \"{}\" (the other is at {}), expected names that differ",
            kind,
            name,
            to_text(other)
        )
    );
    return false;
}

bool WatchReader::is_changed(const std::string& file) const {
    return std::ranges::find(changed_, file) != changed_.end();
}

void WatchReader::note_secrets(
    const Source& source, const ProbeTemplate& from, const ProbeDeclaration& probe
) {
    for (const auto& [option, path] : probe.secret_files) {
        note_secret(source, from.secrets_at.at(option), path);
    }
}

void WatchReader::note_secret(const Source& source, Position at, const std::string& path) {
    if (!path.empty()) {
        watch_.secret_files.try_emplace({source.file, path}, at);
    }
}

bool WatchReader::count_probes(const Source& source, Position at, std::size_t more) {
    const bool fitted = probes_ <= most_probes;
    probes_ += more;
    if (fitted && probes_ > most_probes) {
        source.wrong(at, fmt::format("more than {} probes in all, expected fewer", most_probes));
    }
    return probes_ <= most_probes;
}

Target WatchReader::target_head(
    const Source& source, const MapReader& reader, const Common& common
) {
    Target target;
    reader.read("name", target.name);
    reader.read("class", target.ci_class);
    reader.read("address", target.address);
    reader.read("site", target.site);
    reader.read("service", target.service);
    reader.read("labels", target.labels);
    target.from = common.from;
    target.parts = common.rule.parts;
    target.rule = rule_of(target.parts);
    target.urgency = common.urgency;
    check_class(source, reader.at("class"), target.ci_class);
    if (target.from.site == "same" && target.site.empty()) {
        source.wrong(
            reader.at("from"), "from: the site is the target's own, expected \"site\" in the target"
        );
    }
    return target;
}

void WatchReader::read_target(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::target);
    const Common common = read_common(source, reader);
    const Target target = target_head(source, reader, common);
    const std::optional<Range> each = read_range(source, reader, "each");
    const ProbeReader probe_reader(source, types_);
    const std::vector<ProbeTemplate> probes =
        probe_reader.read(reader.list("probes"), each ? Repeats::outer : Repeats::own);
    for (const ProbeTemplate& probe : probes) {
        RuleReader(source, types_)
            .check_window(common.rule, probe.probe.name, probe.probe.interval, probe.probe.timeout);
        if (target.address.empty() && !probe_reader.has_url(probe.probe)) {
            source.wrong(
                probe.at,
                fmt::format(
                    "the target has no \"address\", expected one for a probe of type {}",
                    probe.probe.type
                )
            );
        }
    }
    const Position at = reader.at("name");
    if (target.name.empty()) {
        return;
    }
    if (each) {
        repeat_target(source, at, target, probes, *each);
    } else if (claim(source, at, "target", target.name)) {
        watch_.targets.push_back(target);
        watch_.targets.back().probes = repeat_probes(source, probe_reader, probes);
    }
}

void WatchReader::repeat_target(
    const Source& source,
    Position at,
    const Target& target,
    const std::vector<ProbeTemplate>& probes,
    Range each
) {
    if (target.name.find("{n}") == std::string::npos) {
        source.wrong(
            at,
            fmt::format(
                "name: \"{}\" would be given to every repetition, expected {{n}} in it", target.name
            )
        );
        return;
    }
    if (!count_probes(source, at, each.size() * probes.size())) {
        return;
    }
    const ProbeReader reader(source, types_);
    watch_.targets.reserve(watch_.targets.size() + each.size());
    for (std::size_t i = 0; i < each.size(); ++i) {
        const std::uint32_t number = each.first + static_cast<std::uint32_t>(i);
        Target made = target;
        made.pattern = target.name;
        put_number_everywhere(made, number);
        made.probes.reserve(probes.size());
        for (const ProbeTemplate& probe : probes) {
            std::optional<ProbeDeclaration> one = reader.numbered(probe, number);
            if (!one) {
                return;
            }
            note_secrets(source, probe, *one);
            made.probes.push_back(std::move(*one));
        }
        if (!claim(source, at, "target", made.name)) {
            return;
        }
        watch_.targets.push_back(std::move(made));
    }
}

std::vector<ProbeDeclaration> WatchReader::repeat_probes(
    const Source& source, const ProbeReader& reader, const std::vector<ProbeTemplate>& probes
) {
    std::vector<ProbeDeclaration> made;
    std::unordered_set<std::string> names;
    for (const ProbeTemplate& probe : probes) {
        const Range each = probe.each.value_or(Range{});
        if (!count_probes(source, probe.at, each.size())) {
            return made;
        }
        made.reserve(made.size() + each.size());
        for (std::size_t i = 0; i < each.size(); ++i) {
            const std::uint32_t number = each.first + static_cast<std::uint32_t>(i);
            std::optional<ProbeDeclaration> one =
                probe.each ? reader.numbered(probe, number) : probe.probe;
            if (!one) {
                break;
            }
            if (!names.insert(one->name).second) {
                source.wrong(
                    probe.at,
                    fmt::format(
                        "a second probe named \"{}\", expected names that differ", one->name
                    )
                );
                break;
            }
            note_secrets(source, probe, *one);
            made.push_back(std::move(*one));
        }
    }
    return made;
}

Query WatchReader::read_match(const Source& source, const MapReader& reader) const {
    std::string match;
    reader.read("match", match);
    if (match.empty()) {
        return {};
    }
    Result<Query> query = Query::parse(match);
    const Status known = !query              ? Status(failure(query.error()))
                         : words_ == nullptr ? Status{}
                                             : query->check(*words_);
    if (!known) {
        wrong_query(source, "match", *reader.find("match"), known.error().what());
        return {};
    }
    return std::move(*query);
}

void WatchReader::check_class(const Source& source, Position at, const std::string& ci_class)
    const {
    if (!is_class_name(ci_class)) {
        source.wrong(
            at, fmt::format("class: \"{}\", expected the name of a class such as server", ci_class)
        );
        return;
    }
    if (words_ == nullptr || words_->classes.empty() ||
        std::ranges::find(words_->classes, ci_class) != words_->classes.end()) {
        return;
    }
    const std::string_view guess = nearest(
        ci_class, std::vector<std::string_view>(words_->classes.begin(), words_->classes.end())
    );
    source.wrong(
        at,
        fmt::format(
            "class: there is no class \"{}\"{}",
            ci_class,
            guess.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", guess)
        )
    );
}

void WatchReader::read_policy(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::policy);
    Policy policy;
    reader.read("name", policy.name);
    policy.match = read_match(source, reader);
    const Common common = read_common(source, reader);
    policy.from = common.from;
    policy.parts = common.rule.parts;
    policy.rule = rule_of(policy.parts);
    policy.urgency = common.urgency;
    const ProbeReader probe_reader(source, types_);
    const std::vector<YamlNode>& entries = reader.list("probes");
    if (reader.has("probes") && entries.empty()) {
        source.wrong(reader.at("probes"), "probes: expected a list of at least one probe");
    }
    const std::vector<ProbeTemplate> probes = probe_reader.read(entries, Repeats::own);
    for (const ProbeTemplate& probe : probes) {
        RuleReader(source, types_)
            .check_window(common.rule, probe.probe.name, probe.probe.interval, probe.probe.timeout);
    }
    policy.probes = repeat_probes(source, probe_reader, probes);
    if (!policy.name.empty() && claim(source, reader.at("name"), "policy", policy.name)) {
        watch_.policies.push_back(std::move(policy));
    }
}

void WatchReader::finish(Issues& issues) const {
    for (const Unchecked& each : unchecked_) {
        check_threshold(issues, each);
    }
}

void WatchReader::read_channel(const Source& source, const YamlNode& node) {
    const MapReader reader(source, node, schema::channel);
    Channel channel = config::read_channel(source, reader, zones_);
    note_secret(source, reader.at("secret"), channel.secret_file);
    note_secret(source, reader.at("password"), channel.mail.password_file);
    if (!channel.name.empty() && claim(source, reader.at("name"), "channel", channel.name)) {
        watch_.channels.push_back(std::move(channel));
    }
}

}  // namespace muster::config
