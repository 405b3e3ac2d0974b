#include "cmdb/shipped_model.hpp"

#include "base/expect.hpp"

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

}  // namespace muster::cmdb
