// Owns: the small language of message templates: text with {{placeholders}}. Leaves to channel.hpp: which there are; to
// collector/notify: their values.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// Where in a template's own text something is wrong; both count from 1, columns in characters.
struct TemplateFlaw {
    std::size_t line = 1;
    std::size_t column = 1;
    std::string what;
};

/// A parsed template. `{{name}}` (blanks inside are fine) stands for a value; everything else stands for itself. A line
/// with placeholders of which every one is empty is left out, so that a message has no "Site: " without a site.
class Template {
  public:
    /// Refuses names that are not in `names`, `{{` without `}}` on its line, `}}` without `{{`, and more than 16 KiB.
    static tl::expected<Template, TemplateFlaw> parse(
        std::string_view text, std::span<const std::string_view> names
    );

    /// Gives the value of a placeholder. Values are put in as they are: never read as a template again.
    using Values = std::function<std::string(std::string_view name)>;
    std::string render(const Values& values) const;

    /// The text it was made of; empty: nothing was parsed, and nothing is rendered.
    const std::string& text() const { return text_; }

  private:
    struct Part {
        std::string text;  ///< of a placeholder: its name
        bool placeholder = false;
    };

    struct Line {
        std::vector<Part> parts;
        bool ends = false;  ///< by a line feed
    };

    std::string text_;
    std::vector<Line> lines_;
};

}  // namespace muster::config
