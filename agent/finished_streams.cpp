#include "agent/finished_streams.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "wire/bounds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::string_view first_line = "muster-finished 1 ";
constexpr std::size_t most_file_bytes = 64U << 10U;
/// These stay as they are, where the older ones leave a choice.
constexpr std::size_t newest_exact = 16;
constexpr std::size_t numbers = 10;

std::string with_checksum(AgentId agent, std::string text) {
    std::string raw;
    put_u32(raw, crc32c(std::string(agent.raw()) + text));
    return text + " " + to_hex(raw);
}

std::string text_of(const FinishedLine& line) {
    const wire::FinishedStream& stream = line.stream;
    std::string text = to_hex(stream.spool.raw());
    for (const std::uint64_t number :
         {stream.begins_at,
          stream.results_at_begin,
          stream.last_seq,
          stream.results,
          static_cast<std::uint64_t>(to_ns(stream.from)),
          static_cast<std::uint64_t>(to_ns(stream.to)),
          stream.earlier_streams,
          stream.earlier_results,
          line.folder,
          line.growing}) {
        text += " " + std::to_string(number);
    }
    return text;
}

/// Up to the next of `end`, which is taken away as well.
std::string_view take_until(std::string_view& text, char end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

std::optional<FinishedLine> decode_line(AgentId agent, std::string_view text) {
    const std::size_t checked = text.rfind(' ');
    if (checked == std::string_view::npos ||
        with_checksum(agent, std::string(text.substr(0, checked))) != text) {
        return std::nullopt;
    }
    text = text.substr(0, checked);
    const auto raw = from_hex(take_until(text, ' '));
    const auto id = raw ? Uuid::from_bytes(*raw) : failure(ErrorKind::corrupt, "no name");
    std::array<std::uint64_t, numbers> values{};
    for (std::uint64_t& value : values) {
        const std::string_view word = take_until(text, ' ');
        const char* const end = word.data() + word.size();
        if (word.empty() || std::from_chars(word.data(), end, value).ptr != end) {
            return std::nullopt;
        }
    }
    if (!id) {
        return std::nullopt;
    }
    return FinishedLine{
        .stream =
            {.spool = SpoolId(*id),
             .begins_at = values[0],
             .results_at_begin = values[1],
             .last_seq = values[2],
             .results = values[3],
             .from = wall_from_ns(static_cast<std::int64_t>(values[4])),
             .to = wall_from_ns(static_cast<std::int64_t>(values[5])),
             .earlier_streams = values[6],
             .earlier_results = values[7]},
        .folder = values[8],
        .growing = values[9]
    };
}

/// What is told must be possible, or a collector refuses the agent for it: a calendar may show anything.
wire::FinishedStream possible(wire::FinishedStream stream) {
    for (WallTime* const time : {&stream.from, &stream.to}) {
        *time = wire::is_possible_wall(to_ns(*time)) ? *time : WallTime{};
    }
    stream.earlier_results = std::min(stream.earlier_results, wire::seq_end - 1);
    return stream;
}

std::uint64_t streams_in(const FinishedLine& line) {
    return 1 + line.stream.earlier_streams;
}

/// The first behind `at` that began after that one had been confirmed: it is of a spool that was not there yet, or it is what
/// the same spool was called later. Among so many as are kept there is one; else the newest.
std::size_t later_than(const std::vector<FinishedLine>& lines, std::size_t at) {
    const auto found = std::find_if(
        lines.begin() + static_cast<std::ptrdiff_t>(at) + 1,
        lines.end(),
        [&before = lines[at]](const FinishedLine& each) {
            return each.folder == before.folder || each.folder > before.growing;
        }
    );
    return std::min(static_cast<std::size_t>(found - lines.begin()), lines.size() - 1);
}

}  // namespace

std::string encode_finished(AgentId agent, const std::vector<FinishedLine>& lines) {
    std::string text = std::string(first_line) + agent.text() + "\n";
    for (const FinishedLine& line : lines) {
        text += with_checksum(agent, text_of(line)) + "\n";
    }
    return text;
}

FinishedFound decode_finished(AgentId agent, std::string_view text) {
    FinishedFound found;
    const std::string_view head = take_until(text, '\n');
    const auto said = head.starts_with(first_line)
                          ? Uuid::parse(head.substr(first_line.size()))
                          : failure(ErrorKind::corrupt, "not a list of finished streams");
    found.agent = said ? AgentId(*said) : AgentId();
    while (!text.empty()) {
        auto line = decode_line(agent, take_until(text, '\n'));
        if (line) {
            found.lines.push_back(*line);
        } else {
            ++found.damaged;
        }
    }
    return found;
}

FinishedStreams::FinishedStreams(Files& files, std::string path, AgentId agent)
    : files_(&files), path_(std::move(path)), agent_(agent) {
    if (auto loaded = load(); !loaded) {
        log(LogLevel::error, "spool.finished_unreadable", {{"why", loaded.error().text()}});
    }
}

Status FinishedStreams::load() {
    auto text = read_file(*files_, path_, most_file_bytes);
    if (!text && text.error().kind() != ErrorKind::not_found) {
        return failure(text.error());
    }
    is_loaded_ = true;
    if (!text) {
        return {};
    }
    FinishedFound found = decode_finished(agent_, *text);
    if (found.lines.empty() && !found.agent.is_nil() && found.agent != agent_) {
        log(LogLevel::notice,
            "spool.finished_of_another",
            {{"path", path_}, {"agent", found.agent.text()}});
        return {};
    }
    if (found.damaged > 0) {
        log(LogLevel::error,
            "spool.finished_damaged",
            {{"path", path_},
             {"lines", found.damaged},
             {"effect", "a collector that goes back to a backup is not told of these"}});
    }
    for (FinishedLine& noted : std::exchange(lines_, std::move(found.lines))) {
        note(std::move(noted));
    }
    make_room();
    return {};
}

void FinishedStreams::note(FinishedLine line) {
    line.stream = possible(line.stream);
    const auto known = std::ranges::find(lines_, line.stream.spool, [](const FinishedLine& each) {
        return each.stream.spool;
    });
    if (known != lines_.end()) {
        line.stream.earlier_streams = known->stream.earlier_streams;
        line.stream.earlier_results = known->stream.earlier_results;
        if (*known == line) {
            return;
        }
        lines_.erase(known);
    }
    lines_.push_back(std::move(line));
    is_saved_ = false;
    make_room();
}

/// The one that is missed least: few streams are told in one line, compared with those that came later.
void FinishedStreams::make_room() {
    while (lines_.size() > wire::most_finished) {
        std::size_t best = 0;
        double least = 0;
        for (std::size_t at = 0; at + newest_exact < lines_.size(); ++at) {
            const std::size_t later = later_than(lines_, at);
            if (at > 0 && later + newest_exact >= lines_.size()) {
                break;
            }
            std::uint64_t newer = 1;
            for (std::size_t next = later + 1; next < lines_.size(); ++next) {
                newer += streams_in(lines_[next]);
            }
            const double cost =
                static_cast<double>(streams_in(lines_[at]) + streams_in(lines_[later])) /
                static_cast<double>(newer);
            if (at == 0 || cost < least) {
                best = at;
                least = cost;
            }
        }
        const wire::FinishedStream old = lines_[best].stream;
        wire::FinishedStream& later = lines_[later_than(lines_, best)].stream;
        later.earlier_streams += 1 + old.earlier_streams;
        later.earlier_results += old.results - old.results_at_begin + old.earlier_results;
        later.from = std::min(later.from, old.from);
        later = possible(later);
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(best));
        is_saved_ = false;
    }
}

Status FinishedStreams::save() {
    if (!is_loaded_) {
        if (auto loaded = load(); !loaded) {
            return loaded;
        }
    }
    if (is_saved_) {
        return {};
    }
    if (auto made = files_->create_directories(path_.substr(0, path_.rfind('/'))); !made) {
        return made;
    }
    auto written = write_file_atomically(*files_, path_, encode_finished(agent_, lines_));
    is_saved_ = written.has_value();
    return written;
}

}  // namespace muster::agent
