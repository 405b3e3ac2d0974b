#include "config/rule_reader.hpp"

#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace muster::config {

namespace {

constexpr std::uint32_t millionths_decimals = 6;

std::int64_t power_of_ten(std::uint32_t exponent) {
    std::int64_t out = 1;
    for (std::uint32_t i = 0; i < exponent; ++i) {
        out *= 10;
    }
    return out;
}

enum class Rounding { down, up };

/// A written number in the integers that results carry; rounded so that the comparison with whole numbers stays exact.
std::int64_t scaled(std::int64_t millionths, std::uint32_t decimals, Rounding rounding) {
    const std::int64_t divisor =
        power_of_ten(millionths_decimals - std::min(decimals, millionths_decimals));
    std::int64_t out = millionths / divisor;
    const bool has_rest = millionths % divisor != 0;
    if (rounding == Rounding::down && has_rest && millionths < 0) {
        --out;
    }
    if (rounding == Rounding::up && has_rest && millionths > 0) {
        ++out;
    }
    return out;
}

bool reads_single(const MapReader& reader) {
    bool allow_single = false;
    reader.read("allow_single", allow_single);
    return allow_single;
}

/// What each kind of condition may name, beside allow_single.
std::span<const std::string_view> keys_of(std::string_view kind) {
    static constexpr std::string_view failures[] = {"failures"};
    static constexpr std::string_view availability[] = {"availability", "over", "min_samples"};
    static constexpr std::string_view metric[] = {"metric", "above", "below", "clear", "for"};
    if (kind == "failures") {
        return failures;
    }
    return kind == "metric" ? std::span<const std::string_view>(metric)
                            : std::span<const std::string_view>(availability);
}

/// "< 90%" with the sign "<": 900000.
Result<PartsPerMillion> parse_share(std::string_view text, std::string_view sign) {
    constexpr std::int64_t most_percent = 100'000'000;  // millionths of a per cent
    const auto trim = [&text] {
        while (text.starts_with(' ')) {
            text.remove_prefix(1);
        }
    };
    const auto wrong = [&] {
        return failure(
            ErrorKind::invalid, fmt::format("expected a share of time such as \"{} 90%\"", sign)
        );
    };
    trim();
    if (!text.starts_with(sign)) {
        return wrong();
    }
    text.remove_prefix(sign.size());
    trim();
    if (!text.ends_with('%')) {
        return wrong();
    }
    text.remove_suffix(1);
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    const auto percent = parse_millionths(text);
    if (!percent || *percent <= 0 || *percent > most_percent) {
        return wrong();
    }
    return static_cast<PartsPerMillion>(*percent / 100);
}

}  // namespace

ReadRule RuleReader::read(const MapReader& owner, std::span<const std::string_view> used) const {
    ReadRule out;
    if (owner.has("hold")) {
        Duration hold = Rule{}.hold;
        owner.read("hold", hold);
        out.parts.hold = hold;
    }
    if (owner.has("flapping")) {
        const MapReader reader(source_, owner.section("flapping"), schema::flapping);
        Flapping flapping;
        reader.read("transitions", flapping.transitions);
        reader.read("over", flapping.over);
        out.parts.flapping = flapping;
    }
    if (owner.has("breach")) {
        read_breach(owner, used, out);
    }
    if (owner.has("recover")) {
        read_recover(owner, out.parts);
    }
    return out;
}

void RuleReader::read_breach(
    const MapReader& owner, std::span<const std::string_view> used, ReadRule& into
) const {
    const MapReader breach(source_, owner.section("breach"), schema::breach);
    if (breach.has("any") == breach.has("failures")) {
        source_.wrong(owner.at("breach"), "breach: expected either \"failures\" or \"any\"");
        return;
    }
    if (breach.has("failures")) {
        read_failures(breach, into.parts);
        return;
    }
    const std::vector<YamlNode>& conditions = breach.list("any");
    if (conditions.empty()) {
        source_.wrong(breach.at("any"), "any: expected a list of at least one condition");
        return;
    }
    for (const YamlNode& node : conditions) {
        read_condition(node, used, into);
    }
}

void RuleReader::read_condition(
    const YamlNode& node, std::span<const std::string_view> used, ReadRule& into
) const {
    const MapReader reader(source_, node, schema::breach_any);
    std::vector<std::string_view> kinds;
    for (const std::string_view kind : {"failures", "availability", "metric"}) {
        if (reader.has(kind)) {
            kinds.push_back(kind);
        }
    }
    if (kinds.size() != 1) {
        source_.wrong(
            node.at,
            "any: expected exactly one of \"failures\", \"availability\" and \"metric\" in a "
            "condition"
        );
        return;
    }
    const std::span<const std::string_view> allowed = keys_of(kinds.front());
    for (const KeySpec& key : schema::breach_any) {
        if (key.name != "allow_single" && reader.has(key.name) &&
            std::ranges::find(allowed, key.name) == allowed.end()) {
            source_.wrong(
                reader.at(key.name),
                fmt::format("{}: it means nothing beside \"{}\"", key.name, kinds.front())
            );
            return;
        }
    }
    if (kinds.front() == "failures") {
        read_failures(reader, into.parts);
    } else if (kinds.front() == "availability") {
        read_availability(reader, into);
    } else {
        read_metric(reader, used, into.parts);
    }
}

void RuleReader::read_failures(const MapReader& reader, RuleParts& into) const {
    std::uint32_t failures = Rule{}.failures;
    reader.read("failures", failures);
    if (failures == 1 && !reads_single(reader)) {
        source_.wrong(
            reader.at("failures"),
            "failures: 1 makes an incident of every lost packet, expected 2 or more, or "
            "allow_single: true"
        );
    }
    if (!into.answering) {
        into.answering.emplace();
    }
    std::uint32_t& least = into.answering->failures;
    least = least == 0 ? failures : std::min(least, failures);
}

std::optional<PartsPerMillion> RuleReader::read_share(
    const MapReader& reader, std::string_view key, std::string_view sign
) const {
    std::string text;
    reader.read(key, text);
    const Result<PartsPerMillion> share = parse_share(text, sign);
    if (!share) {
        source_.wrong(
            reader.at(key), fmt::format("{}: \"{}\", {}", key, text, share.error().what())
        );
        return std::nullopt;
    }
    return *share;
}

void RuleReader::read_availability(const MapReader& reader, ReadRule& into) const {
    AvailabilityLimit limit;
    const std::optional<PartsPerMillion> below = read_share(reader, "availability", "<");
    reader.read("over", limit.over);
    reader.read("min_samples", limit.min_samples);
    if (!reader.has("over")) {
        source_.wrong(
            reader.at("availability"), "availability: expected \"over\" beside it, such as 15m"
        );
        return;
    }
    into.availability_single = reads_single(reader);
    into.availability_at = reader.at("availability");
    if (limit.min_samples == 1 && !into.availability_single) {
        source_.wrong(
            reader.at("min_samples"),
            "min_samples: 1 lets one failed result decide, expected 2 or more, or allow_single: "
            "true"
        );
    }
    if (!into.parts.answering) {
        into.parts.answering.emplace();
    }
    if (into.parts.answering->availability) {
        source_.wrong(
            reader.at("availability"), "availability: a second condition of it, expected one"
        );
        return;
    }
    if (below) {
        limit.below = *below;
        limit.recover = *below;
        into.parts.answering->availability = limit;
    }
}

void RuleReader::read_metric(
    const MapReader& reader, std::span<const std::string_view> used, RuleParts& into
) const {
    MetricLimit limit;
    reader.read("metric", limit.metric);
    reader.read("for", limit.in_a_row);
    if (limit.in_a_row == 1 && !reads_single(reader)) {
        source_.wrong(
            reader.at("for"),
            "for: 1 lets one result decide, expected 2 or more, or allow_single: true"
        );
    }
    if (reader.has("above") == reader.has("below")) {
        source_.wrong(
            reader.at("metric"), "metric: expected either \"above\" or \"below\" beside it"
        );
        return;
    }
    limit.side = reader.has("above") ? Side::above : Side::below;
    std::int64_t written = 0;
    reader.read_millionths(limit.side == Side::above ? "above" : "below", written);
    std::int64_t clear = written;
    reader.read_millionths("clear", clear);
    if (limit.side == Side::above ? clear > written : clear < written) {
        source_.wrong(
            reader.at("clear"),
            fmt::format(
                "clear: on the far side of the limit, expected at {} \"{}\"",
                limit.side == Side::above ? "most" : "least",
                limit.side == Side::above ? "above" : "below"
            )
        );
        return;
    }
    const Rounding rounding = limit.side == Side::above ? Rounding::down : Rounding::up;
    bool is_known = false;
    for (const ProbeSchema& type : types_) {
        if (std::ranges::find(used, type.name) == used.end()) {
            continue;
        }
        const auto found = std::ranges::find(type.metrics, limit.metric, &MetricSpec::name);
        if (found == type.metrics.end()) {
            continue;
        }
        is_known = true;
        limit.probe_type = type.name;
        limit.unit = found->unit;
        limit.decimals = found->decimals;
        limit.column = static_cast<std::uint32_t>(found - type.metrics.begin());
        limit.limit = scaled(written, limit.decimals, rounding);
        limit.clear = scaled(clear, limit.decimals, rounding);
        into.metrics.push_back(limit);
    }
    if (!is_known && !limit.metric.empty()) {
        unknown_metric(reader, limit.metric, used);
    }
}

void RuleReader::unknown_metric(
    const MapReader& reader, std::string_view metric, std::span<const std::string_view> used
) const {
    std::vector<std::string_view> known;
    for (const ProbeSchema& type : types_) {
        if (std::ranges::find(used, type.name) != used.end()) {
            for (const MetricSpec& each : type.metrics) {
                known.push_back(each.name);
            }
        }
    }
    const std::string_view guess = nearest(metric, known);
    const std::string hint = !guess.empty() ? fmt::format("; did you mean \"{}\"?", guess)
                             : known.empty()
                                 ? std::string("; they have none")
                                 : fmt::format(", expected one of: {}", fmt::join(known, ", "));
    source_.wrong(
        reader.at("metric"),
        fmt::format(
            "metric: no probe of type {} has \"{}\"{}", fmt::join(used, " or "), metric, hint
        )
    );
}

void RuleReader::read_recover(const MapReader& owner, RuleParts& into) const {
    const MapReader reader(source_, owner.section("recover"), schema::recover);
    if (reader.has("successes")) {
        std::uint32_t successes = Rule{}.successes;
        reader.read("successes", successes);
        into.successes = successes;
    }
    if (!reader.has("availability")) {
        return;
    }
    const std::optional<PartsPerMillion> share = read_share(reader, "availability", ">=");
    if (!share) {
        return;
    }
    AvailabilityLimit* const limit =
        into.answering && into.answering->availability ? &*into.answering->availability : nullptr;
    if (limit == nullptr || *share < limit->below) {
        source_.wrong(
            reader.at("availability"),
            limit == nullptr ? "availability: the breach beside it has no condition of it"
                             : "availability: below the breach, expected at least its share"
        );
        return;
    }
    limit->recover = *share;
}

void RuleReader::check_window(
    const ReadRule& rule, std::string_view probe_name, Duration interval, Duration timeout
) const {
    if (!rule.parts.answering || !rule.parts.answering->availability) {
        return;
    }
    const AvailabilityLimit& limit = *rule.parts.answering->availability;
    if (interval * limit.min_samples > limit.over) {
        source_.wrong(
            rule.availability_at,
            fmt::format(
                "availability: {} hold no {} results of probe \"{}\", which runs every {}: it "
                "would "
                "never be judged",
                format_duration(limit.over),
                limit.min_samples,
                probe_name,
                format_duration(interval)
            )
        );
        return;
    }
    // Shares of time by whole nanoseconds in 64 bits: 7 days are 6e14, times a million would not fit.
    const Duration allowed = limit.over / whole * (whole - limit.below);
    if (!rule.availability_single && allowed <= interval + timeout) {
        source_.wrong(
            rule.availability_at,
            fmt::format(
                "availability: one failed result of probe \"{}\" (every {}, up to {} long) is less "
                "than {} of {}: expected a longer \"over\", a lower share, or allow_single: true",
                probe_name,
                format_duration(interval),
                format_duration(timeout),
                percent_text(limit.below),
                format_duration(limit.over)
            )
        );
    }
}

}  // namespace muster::config
