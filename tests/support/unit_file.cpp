#include "tests/support/unit_file.hpp"

#include "base/expect.hpp"
#include "tests/support/temp_dir.hpp"

#include <iterator>
#include <sstream>

namespace muster::test {
namespace {

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

void expand(const std::string& name, const CallGroups& groups, std::set<std::string>& into) {
    if (!name.starts_with('@')) {
        into.insert(name);
        return;
    }
    const auto group = groups.find(name);
    expect(group != groups.end(), "systemd knows the group " + name);
    for (const std::string& member : group->second) {
        expand(member, groups, into);
    }
}

}  // namespace

UnitFile::UnitFile(const std::string& path) {
    std::istringstream text(read_text(path));
    // "SystemCallFilter=@system-service"
    for (std::string line; std::getline(text, line);) {
        const std::size_t equals = line.find('=');
        if (!line.starts_with('#') && !line.starts_with('[') && equals != std::string::npos) {
            assignments_.emplace(line.substr(0, equals), line.substr(equals + 1));
        }
    }
    expect(!assignments_.empty(), "there is a unit at " + path);
}

std::vector<std::vector<std::string>> UnitFile::lines(const std::string& key) const {
    std::vector<std::vector<std::string>> found;
    const auto [first, last] = assignments_.equal_range(key);
    for (auto at = first; at != last; ++at) {
        if (at->second.empty()) {
            found.clear();
        } else {
            found.push_back(words_of(at->second));
        }
    }
    return found;
}

std::optional<std::vector<std::string>> UnitFile::words(const std::string& key) const {
    if (!assignments_.contains(key)) {
        return std::nullopt;
    }
    std::vector<std::string> all;
    for (const std::vector<std::string>& line : lines(key)) {
        all.insert(all.end(), line.begin(), line.end());
    }
    return all;
}

CallGroups parse_call_groups(const std::string& listing) {
    CallGroups groups;
    std::string group;
    std::istringstream text(listing);
    // "@chown", then for each member "    fchownat"; remarks begin with "#", also after the blanks.
    for (std::string line; std::getline(text, line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() != 1 || words.front().starts_with('#')) {
            continue;
        }
        if (line.starts_with('@')) {
            group = words.front();
            groups[group];
        } else if (!group.empty()) {
            groups[group].push_back(words.front());
        }
    }
    return groups;
}

std::optional<std::set<std::string>> allowed_calls(const UnitFile& unit, const CallGroups& groups) {
    const auto lines = unit.lines("SystemCallFilter");
    if (lines.empty()) {
        return std::nullopt;
    }
    expect(!lines.front().front().starts_with('~'), "the filter begins with what is allowed");
    std::set<std::string> allowed;
    expand("@default", groups, allowed);  // whatever is allowed, this is too (systemd.exec(5))
    for (std::vector<std::string> line : lines) {
        const bool takes_away = line.front().starts_with('~');
        if (takes_away) {
            line.front().erase(0, 1);
        }
        std::set<std::string> named;
        for (const std::string& name : line) {
            expand(name, groups, named);
        }
        for (const std::string& name : named) {
            if (takes_away) {
                allowed.erase(name);
            } else {
                allowed.insert(name);
            }
        }
    }
    return allowed;
}

}  // namespace muster::test
