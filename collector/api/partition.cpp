#include "collector/api/partition.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::collector {

namespace {

/// Which of several spans at one moment counts.
int weight(Share share) {
    switch (share) {
        case Share::excluded:
            return 3;
        case Share::unobserved:
            return 2;
        case Share::down:
            return 1;
        case Share::up:
            break;
    }
    return 0;
}

bool joins(const Piece& a, const Piece& b) {
    return a.to == b.from && a.share == b.share && a.probe == b.probe && a.cause == b.cause &&
           a.in_force == b.in_force;
}

void append(std::vector<Piece>& pieces, Piece piece) {
    if (piece.from == piece.to) {
        return;
    }
    if (!pieces.empty() && joins(pieces.back(), piece)) {
        pieces.back().to = piece.to;
    } else {
        pieces.push_back(std::move(piece));
    }
}

/// Begin or end of a span.
struct Edge {
    WallTime at{};
    std::size_t span = 0;
    bool begins = true;
};

/// The spans within [from, to), heaviest first, `rest` where there is none.
std::vector<Piece> layered(
    std::span<const KnownSpan> spans, WallTime from, WallTime to, const Piece& rest
) {
    std::vector<Edge> edges;
    for (std::size_t at = 0; at < spans.size(); ++at) {
        const WallTime begin = std::max(spans[at].from, from);
        const WallTime end = std::min(spans[at].to, to);
        if (begin < end) {
            edges.push_back({begin, at, true});
            edges.push_back({end, at, false});
        }
    }
    std::ranges::stable_sort(edges, {}, &Edge::at);
    std::vector<Piece> out;
    std::set<std::pair<int, std::size_t>> active;  // by weight
    WallTime since = from;
    const auto close = [&](WallTime at) {
        Piece piece = rest;
        if (!active.empty()) {
            const KnownSpan& top = spans[active.rbegin()->second];
            piece.share = top.share;
            piece.cause = top.cause;
        }
        piece.from = since;
        piece.to = at;
        append(out, std::move(piece));
        since = at;
    };
    for (const Edge& edge : edges) {
        close(edge.at);
        const std::pair<int, std::size_t> key{weight(spans[edge.span].share), edge.span};
        if (edge.begins) {
            active.insert(key);
        } else {
            active.erase(key);
        }
    }
    close(to);
    return out;
}

/// The probes of a CI, each at its current piece.
struct Cursor {
    std::vector<Piece> pieces;
    std::size_t at = 0;

    const Piece& now() const { return pieces[at]; }
};

struct Group {
    std::uint32_t in_force = 0;
    std::uint32_t down = 0;
    std::uint32_t unobserved = 0;
    std::uint32_t quorum = 1;
    std::uint32_t down_probe = no_probe;
    std::uint32_t unobserved_probe = no_probe;
};

void count(Group& group, const ProbeTimes& probe, const Piece& piece, std::uint32_t index) {
    if (!piece.in_force) {
        return;
    }
    group.in_force += 1;
    group.quorum = probe.quorum;
    if (piece.share == Share::down) {
        group.down += 1;
        group.down_probe = std::min(group.down_probe, index);
    } else if (piece.share == Share::unobserved) {
        group.unobserved += 1;
        group.unobserved_probe = std::min(group.unobserved_probe, index);
    }
}

Piece decide(std::span<const Group> groups, std::span<const Cursor> cursors) {
    Piece out;
    out.cause = "no probe has answered yet";
    std::uint32_t down = no_probe;
    std::uint32_t unobserved = no_probe;
    bool any = false;
    for (const Group& group : groups) {
        if (group.in_force == 0) {
            continue;
        }
        any = true;
        const std::uint32_t quorum = std::clamp(group.quorum, 1U, group.in_force);
        if (group.down >= quorum) {
            down = std::min(down, group.down_probe);
        } else if (group.unobserved != 0 && group.down + group.unobserved >= quorum) {
            unobserved = std::min(unobserved, group.unobserved_probe);
        }
    }
    if (down != no_probe) {
        out.share = Share::down;
        out.probe = down;
        out.cause = cursors[down].now().cause;
    } else if (unobserved != no_probe) {
        out.probe = unobserved;
        out.cause = cursors[unobserved].now().cause;
    } else if (any) {
        out.share = Share::up;
        out.cause.clear();
    }
    return out;
}

std::vector<Piece> combined(
    std::span<const ProbeTimes> probes, WallTime from, WallTime to, WallTime now
) {
    std::vector<Cursor> cursors;
    std::size_t groups = 0;
    for (const ProbeTimes& probe : probes) {
        cursors.push_back({partition_probe(probe, from, to, now)});
        groups = std::max(groups, probe.group + 1);
    }
    std::vector<Piece> out;
    for (WallTime at = from; at < to;) {
        std::vector<Group> counted(groups);
        WallTime next = to;
        for (std::uint32_t index = 0; index < cursors.size(); ++index) {
            count(counted[probes[index].group], probes[index], cursors[index].now(), index);
            next = std::min(next, cursors[index].now().to);
        }
        Piece piece = decide(counted, cursors);
        piece.from = at;
        piece.to = next;
        append(out, std::move(piece));
        for (Cursor& cursor : cursors) {
            cursor.at += cursor.now().to == next && next < to ? 1 : 0;
        }
        at = next;
    }
    return out;
}

/// Lays the windows over the pieces.
std::vector<Piece> without(
    std::vector<Piece> pieces, std::span<const KnownSpan> excluded, WallTime from, WallTime to
) {
    const Piece rest{.share = Share::up, .in_force = false};
    std::vector<Piece> out;
    std::size_t next = 0;
    for (const Piece& window : layered(excluded, from, to, rest)) {
        if (window.share == Share::excluded) {
            append(out, {window.from, window.to, Share::excluded, no_probe, window.cause});
            continue;
        }
        while (next > 0 && pieces[next - 1].to > window.from) {
            --next;
        }
        for (; next < pieces.size() && pieces[next].from < window.to; ++next) {
            Piece part = pieces[next];
            part.from = std::max(part.from, window.from);
            part.to = std::min(part.to, window.to);
            if (part.from < part.to) {
                append(out, std::move(part));
            }
        }
    }
    return out;
}

}  // namespace

std::string_view to_string(Share share) {
    switch (share) {
        case Share::up:
            return "up";
        case Share::down:
            return "down";
        case Share::excluded:
            return "excluded";
        case Share::unobserved:
            break;
    }
    return "unobserved";
}

std::vector<Piece> partition_probe(
    const ProbeTimes& probe, WallTime from, WallTime to, WallTime now
) {
    std::vector<Piece> out;
    const WallTime known_from = std::clamp(probe.proven.value_or(to), from, to);
    append(out, {from, known_from, Share::unobserved, no_probe, "it has not answered yet", false});
    const WallTime known_to = std::clamp(now, known_from, to);
    for (Piece& piece : layered(probe.spans, known_from, known_to, {.share = Share::up})) {
        append(out, std::move(piece));
    }
    append(out, {known_to, to, Share::unobserved, no_probe, "it is not over yet"});
    return out;
}

std::vector<Piece> partition_ci(
    std::span<const ProbeTimes> probes,
    std::span<const KnownSpan> excluded,
    WallTime from,
    WallTime to,
    WallTime now
) {
    std::vector<Piece> pieces =
        probes.empty()
            ? std::vector<Piece>{{from, to, Share::unobserved, no_probe, "it has no probes"}}
            : combined(probes, from, to, now);
    return without(std::move(pieces), excluded, from, to);
}

Availability sum_of(std::span<const Piece> pieces) {
    Availability out;
    for (const Piece& piece : pieces) {
        const Duration length = piece.to - piece.from;
        switch (piece.share) {
            case Share::up:
                out.up += length;
                break;
            case Share::down:
                out.down += length;
                break;
            case Share::excluded:
                out.excluded += length;
                break;
            case Share::unobserved:
                out.unobserved += length;
                break;
        }
    }
    return out;
}

namespace {

std::optional<double> share_of(Duration part, const Availability& whole) {
    const Duration counted = whole.up + whole.down + whole.unobserved;
    if (counted <= Duration{}) {
        return std::nullopt;
    }
    return static_cast<double>(part.count()) / static_cast<double>(counted.count());
}

}  // namespace

std::optional<double> Availability::lower() const {
    return share_of(up, *this);
}

std::optional<double> Availability::upper() const {
    return share_of(up + unobserved, *this);
}

std::optional<double> Availability::coverage() const {
    return share_of(up + down, *this);
}

}  // namespace muster::collector
