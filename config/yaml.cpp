#include "config/yaml.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>
#include <utility>

namespace muster::config {

namespace {

constexpr std::size_t deepest = 32;

/// Ends the parse from inside a yaml-cpp callback.
struct Refused {
    YAML::Mark mark;
    std::string what;
};

/// yaml-cpp counts bytes; people count characters.
class Lines {
  public:
    explicit Lines(std::string_view text) : text_(text) {
        starts_.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') {
                starts_.push_back(i + 1);
            }
        }
    }

    Position at(const YAML::Mark& mark) const {
        if (mark.line < 0 || mark.column < 0) {
            return {1, 1};
        }
        const auto line = std::min(static_cast<std::size_t>(mark.line), starts_.size() - 1);
        const std::size_t begin = starts_[line];
        const std::size_t end =
            std::min(begin + static_cast<std::size_t>(mark.column), text_.size());
        // Mostly it is further on in the line asked about last: counting each from its begin would be quadratic in a long line.
        if (line != counted_line_ || end < counted_to_) {
            counted_line_ = line;
            counted_to_ = begin;
            characters_ = 0;
        }
        characters_ += std::count_if(
            text_.begin() + static_cast<std::ptrdiff_t>(counted_to_),
            text_.begin() + static_cast<std::ptrdiff_t>(end),
            [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }
        );
        counted_to_ = end;
        return {static_cast<int>(line) + 1, static_cast<int>(characters_) + 1};
    }

    /// The text from a mark on.
    std::string_view from(const YAML::Mark& mark) const {
        const auto line =
            std::min(static_cast<std::size_t>(std::max(mark.line, 0)), starts_.size() - 1);
        const std::string_view rest = text_.substr(starts_[line]);
        return rest.substr(std::min(static_cast<std::size_t>(std::max(mark.column, 0)), rest.size())
        );
    }

  private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
    mutable std::size_t counted_line_ = 0;
    mutable std::size_t counted_to_ = 0;
    mutable std::ptrdiff_t characters_ = 0;  // of that line, up to there
};

/// Whether a quoted text ends: yaml-cpp takes the end of the file for the missing quote.
bool has_end(std::string_view quoted) {
    const char quote = quoted.empty() ? '\0' : quoted.front();
    if (quote != '"' && quote != '\'') {
        return true;  // a block scalar
    }
    for (std::size_t i = 1; i < quoted.size(); ++i) {
        const bool doubled = quote == '\'' && quoted.substr(i, 2) == "''";
        if (doubled || (quote == '"' && quoted[i] == '\\')) {
            ++i;
        } else if (quoted[i] == quote) {
            return true;
        }
    }
    return false;
}

/// `rest` begins with the text's own mark. 0 where it is not written line by line.
int block_indent(std::string_view rest) {
    if (!rest.starts_with('|')) {
        return 0;
    }
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        rest.remove_prefix(end + 1);
        const std::size_t first = rest.find_first_not_of(' ');
        if (first != std::string_view::npos && rest[first] != '\n') {
            return static_cast<int>(first);
        }
    }
    return 0;
}

class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(std::string_view file, const Lines& lines, Issues& issues)
        : file_(file), lines_(lines), issues_(issues) {}

    YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            throw Refused{mark, "a second document, expected one document a file"};
        }
    }

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        if (expects_key()) {
            throw Refused{mark, "a key without text"};
        }
        YamlNode node;
        node.at = open_.empty() || open_.back().node.kind != YamlKind::map
                      ? lines_.at(mark)
                      : open_.back().node.keys.back().at;
        attach(std::move(node));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        throw Refused{mark, "an alias (*name), expected the value itself"};
    }

    void OnScalar(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        const std::string& value
    ) override {
        refuse_extras(mark, tag, anchor);
        if (tag == "!" && !has_end(lines_.from(mark))) {
            throw Refused{
                mark,
                fmt::format(
                    "a quoted text without its end, expected {} before the end of the file",
                    lines_.from(mark).front()
                )
            };
        }
        if (expects_key()) {
            add_key(mark, value);
            return;
        }
        YamlNode node;
        node.kind = YamlKind::scalar;
        node.style = tag == "?" ? YamlStyle::plain : YamlStyle::quoted;
        node.at = lines_.at(mark);
        node.text = value;
        node.block_indent = block_indent(lines_.from(mark));
        attach(std::move(node));
    }

    void OnSequenceStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value /*style*/
    ) override {
        refuse_extras(mark, tag, anchor);
        open(mark, YamlKind::sequence);
    }

    void OnSequenceEnd() override { close(); }

    void OnMapStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value /*style*/
    ) override {
        refuse_extras(mark, tag, anchor);
        open(mark, YamlKind::map);
    }

    void OnMapEnd() override { close(); }

  private:
    struct Open {
        YamlNode node;
        std::unordered_set<std::string> seen;
        bool duplicate = false;  ///< the value that comes belongs to a key given twice
    };

    bool expects_key() const {
        return !open_.empty() && open_.back().node.kind == YamlKind::map &&
               open_.back().node.keys.size() == open_.back().node.items.size();
    }

    static void refuse_extras(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor
    ) {
        if (anchor != 0) {
            throw Refused{mark, "an anchor (&name), expected plain values: aliases are not read"};
        }
        if (!tag.empty() && tag != "?" && tag != "!") {
            throw Refused{mark, fmt::format("a tag ({}), expected a plain value", tag)};
        }
    }

    void add_key(const YAML::Mark& mark, const std::string& name) {
        Open& map = open_.back();
        map.duplicate = !map.seen.insert(name).second;
        if (map.duplicate) {
            issues_.add(
                file_, lines_.at(mark), fmt::format("\"{}\" is given twice, expected it once", name)
            );
        }
        map.node.keys.push_back({name, lines_.at(mark)});
    }

    void open(const YAML::Mark& mark, YamlKind kind) {
        if (expects_key()) {
            throw Refused{mark, "a list or map as a key, expected text"};
        }
        if (open_.size() >= deepest) {
            throw Refused{mark, fmt::format("nested deeper than {} levels", deepest)};
        }
        Open next;
        next.node.kind = kind;
        next.node.at = lines_.at(mark);
        open_.push_back(std::move(next));
    }

    void close() {
        YamlNode node = std::move(open_.back().node);
        open_.pop_back();
        attach(std::move(node));
    }

    void attach(YamlNode node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (std::exchange(parent.duplicate, false)) {
            parent.node.keys.pop_back();
            return;
        }
        parent.node.items.push_back(std::move(node));
    }

    std::string_view file_;
    const Lines& lines_;
    Issues& issues_;
    std::vector<Open> open_;
    YamlNode root_;
    int documents_ = 0;
};

/// The place of the first byte that is not UTF-8 or is a control character YAML does not allow; the end where all is well.
std::size_t first_bad_byte(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            if (lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') {
                return i;
            }
            ++i;
            continue;
        }
        const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) {
            return i;
        }
        for (std::size_t k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U) {
                return i;
            }
        }
        // RFC 3629 §4: no longer than needed, no half of a surrogate pair, nothing beyond U+10FFFF.
        const auto second = static_cast<unsigned char>(text[i + 1]);
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
            return i;
        }
        i += length;
    }
    return text.size();
}

Position position_of_byte(std::string_view text, std::size_t offset) {
    Position at;
    for (const char c : text.substr(0, offset)) {
        if (c == '\n') {
            ++at.line;
            at.column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            ++at.column;
        }
    }
    return at;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].name == key) {
            return &items[i];
        }
    }
    return nullptr;
}

std::string YamlNode::described() const {
    switch (kind) {
        case YamlKind::null:
            return "nothing";
        case YamlKind::sequence:
            return "a list";
        case YamlKind::map:
            return "a map";
        case YamlKind::scalar:
            return fmt::format("\"{}\"", printable(text, 80));
    }
    return "nothing";
}

std::optional<YamlNode> parse_yaml(std::string_view file, std::string_view text, Issues& issues) {
    const std::size_t bad = first_bad_byte(text);
    if (bad != text.size()) {
        issues.add(file, position_of_byte(text, bad), "a byte that is not text, expected UTF-8");
        return std::nullopt;
    }
    const Lines lines(text);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        TreeBuilder builder(file, lines, issues);
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take();
    } catch (const Refused& refused) {
        issues.add(file, lines.at(refused.mark), refused.what);
    } catch (const YAML::Exception& error) {
        issues.add(file, lines.at(error.mark), fmt::format("not valid YAML: {}", error.msg));
    } catch (const std::exception& error) {
        issues.add_file(file, fmt::format("not valid YAML: {}", error.what()));
    }
    return std::nullopt;
}

}  // namespace muster::config
