// Owns: tables, CSV, JSON and times as people read them. Leaves to the verbs: what is shown.
#pragma once

#include "base/time.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace muster::ctl {

namespace json = boost::json;

enum class Format { table, json, csv };
enum class Colours { on, off };

/// What a cell means, shown as colour.
enum class Tone { plain, good, doubtful, bad, quiet };

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};

/// Every row has as many cells as there are titles.
struct Table {
    std::vector<std::string> titles;
    std::vector<std::vector<Cell>> rows;
};

/// Columns padded with blanks, titles in the first line. Texts are made printable and cut at 60 columns but for the last cell.
std::string render_table(const Table& table, Colours colours);
/// RFC 4180 with a line of titles. A cell that a spreadsheet would take for a formula is preceded by an apostrophe.
std::string render_csv(const Table& table);
/// Indented by two blanks, members in the order they came, a line break at the end.
std::string render_json(const json::value& value);

/// Columns a text takes on a terminal: two for East Asian wide characters, none for combining ones.
std::size_t display_width(std::string_view text);

/// The tone of a state's name: up, ok, critical, new, …
Tone tone_of_state(std::string_view state);

/// "now", "42s ago", "14m ago", "2h ago", "02:14 CET" (today), "yesterday 09:00 CET", "2026-11-20 09:00 CET", in the time zone of the
/// process.
std::string human_time(WallTime then, WallTime now);
/// human_time of an RFC 3339 text; the text itself where it is none; empty for null.
std::string human_time(const json::value& then, WallTime now);

/// An RFC 3339 text to the second, "2026-11-20 09:00:05 CET", in the time zone of the process; the text itself where it is none;
/// empty for null.
std::string exact_time(const json::value& then);

/// A member of an object as text: numbers and booleans written out, empty where it is missing or null.
std::string text_of(const json::value& object, std::string_view member);
/// text_of a member of a member.
std::string text_of(const json::value& object, std::string_view outer, std::string_view inner);
/// The list that a member is; an empty one where it is none.
const json::array& items_of(const json::value& object, std::string_view member);
/// The texts of such a list, one after the other: "HQ, Depot".
std::string joined(
    const json::value& object, std::string_view member, std::string_view separator = ", "
);
/// The `sites` of a user or a token: "HQ Depot"; "all" for an empty list.
std::string sites_of(const json::value& object);
/// A member of an object, null where it is missing.
const json::value& member_of(const json::value& object, std::string_view member);

}  // namespace muster::ctl
