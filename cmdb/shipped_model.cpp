#include "cmdb/shipped_model.hpp"

#include "base/expect.hpp"
#include "cmdb/model_reader.hpp"

#include <algorithm>
#include <utility>

namespace muster::cmdb {

const Model& shipped_model() {
    static const Model model = [] {
        auto read = Model::parse(shipped_classes());
        expect(read.has_value(), read ? "it can be read" : read.error().text());
        return std::move(*read);
    }();
    return model;
}

Model declared_model(std::span<const config::ConfigText> files, config::Issues& issues) {
    Declarations declared;
    for (const config::ConfigText& file : files) {
        read_declarations(file, FileKind::configuration, issues, declared);
    }
    return shipped_model().with(std::move(declared), issues);
}

config::Vocabulary ci_vocabulary(const Model& model) {
    config::Vocabulary words;
    words.fields = {"class"};
    words.prefixes = {"label."};
    words.classes = model.names();
    for (const std::string& name : words.classes) {
        for (const AttributeSpec& attribute : model.attributes(name)) {
            words.fields.push_back(attribute.name);
        }
    }
    std::ranges::sort(words.fields);
    const auto repeated = std::ranges::unique(words.fields);
    words.fields.erase(repeated.begin(), repeated.end());
    return words;
}

config::Vocabulary declared_vocabulary(
    std::span<const config::ConfigText> files, config::Issues& issues
) {
    return ci_vocabulary(declared_model(files, issues));
}

}  // namespace muster::cmdb
