// Owns: what a source says of one of its objects: the only thing a configuration item is computed
// from.
#pragma once

#include "base/time.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::cmdb {

/// trusted: connects statements into one CI. supporting: is kept and shown, never decides.
enum class KeyTrust : std::uint8_t { trusted, supporting };
/// single: a CI has one value of this kind, two are a contradiction (a serial). many: it may have
/// several (MAC addresses). renewed: one at a time; what no source sees any more contradicts nothing
/// (the key of an agent, which a machine that is installed anew has anew).
enum class KeyValues : std::uint8_t { single, many, renewed };

/// Space of keys that count below another CI: that of `Statement::below`.
inline constexpr std::string_view parent_space = "parent";

/// Something that tells one thing from another: (namespace, kind, canonical value).
struct Key {
    std::string space;       ///< "vendor", "agent", "configuration", "parent"
    std::string kind;        ///< "serial", "machine_key"
    std::string value;       ///< canonical
    std::uint32_t rank = 1;  ///< 1 is the strongest
    KeyTrust trust = KeyTrust::trusted;
    KeyValues values = KeyValues::single;
    bool operator==(const Key&) const = default;
};

/// By rising name, each name once.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// A value from a moment on, until the next of the same name.
struct Told {
    std::string name;
    std::string value;  ///< empty: the source says nothing of it any more
    WallTime since{};
    WallTime last{};  ///< when it was said again, at the latest; kept where words come in any order
    auto operator<=>(const Told&) const = default;
};

/// A relation to another object of the same source.
struct Related {
    std::string type;  ///< "runs_on"
    std::string to;    ///< the object
    WallTime since{};
    auto operator<=>(const Related&) const = default;
};

/// The current statement of one (source, object). `observed` is when it was first made and decides
/// age.
struct Statement {
    std::string source;    ///< "configuration", "enrolment", "agent/<id>", "manual"
    std::string object;    ///< the source's own name for the thing
    std::string ci_class;  ///< a hint
    std::vector<Key> keys;
    std::vector<Told>
        attributes;  ///< by (name, since): the last of a name holds, earlier ones are its past
    WallTime observed;
    std::string below = {
    };  ///< object of the same source that it is a part of; empty: stands for itself
    std::vector<Related> relations = {};  ///< by (type, to)
    WallTime missing{};  ///< since when its source looked and did not see it; 0: it is there
    bool operator==(const Statement&) const = default;
};

/// replaces: what is not said is no more (a file, a person). looks: a value that is not seen says nothing, a relation that
/// is not seen is no more (a full look at a machine). adds: nothing said says nothing.
enum class Saying : std::uint8_t { replaces, looks, adds };

/// How many values of an attribute a statement remembers, for what another source says late.
inline constexpr std::size_t values_remembered = 4;

/// in_order: what a source says later is newer, whatever its clock shows: agents, files, people. any_order: moments decide, so
/// that what is heard late takes its place in the past: other tools, which send when they like.
enum class Hearing : std::uint8_t { in_order, any_order };
Hearing hearing_of(std::string_view source);

/// `now` as the successor of `former`: values keep the moment since which they hold, an empty value never overwrites,
/// and `observed` stays. What `now` says without a moment holds since `at`, or since the last change where that is later.
///
/// In any order what `now` says holds since it was observed, between the values that are remembered; keys, class, relations
/// and whether it is missing are those of the newest word. For any permutation of the same words the same comes out, as long as
/// no more values are said than are remembered, and none within the time in which another was said three times.
Statement continued(const Statement& former, Statement now, Saying saying, WallTime at);

/// The newest moment of which its source spoke; 0 where words come in order.
WallTime heard(const Statement& statement);
/// Whether `now`, said at `at`, speaks of a time before all that is remembered of something it names, or of something that is
/// known to have ended since (it does not stand): that is left out.
bool is_outdated(const Statement& former, const Statement& now, bool stands, WallTime at);
/// Equal but for when it was said again.
bool says_the_same(const Statement& a, const Statement& b);

/// Everything it says ends at `at`.
void end_values(Statement& statement, WallTime at);

/// The value that holds; empty where there is none.
std::string_view value_of(const Statement& statement, std::string_view name);
/// What holds now, by name.
Attributes values_of(const Statement& statement);

}  // namespace muster::cmdb
