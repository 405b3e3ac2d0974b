#include "collector/brain/declared_targets.hpp"

#include <utility>

namespace muster::collector {

namespace {

std::string url_host_of(const config::ProbeDeclaration& probe) {
    const auto url = probe.params.find("url");
    return url == probe.params.end() ? std::string{} : host_of_url(url->second);
}

/// Repeated targets come in a row: the one before asks for the same at the same place.
bool asks_alike(const config::Target& a, const config::Target& b, std::size_t at) {
    return at < a.probes.size() && equal_declarations(a.probes[at], b.probes[at]) &&
           a.parts == b.parts && a.urgency == b.urgency && a.from == b.from;
}

}  // namespace

void DeclaredTargets::add(DeclaredTarget target) {
    by_name.emplace(target.name, static_cast<std::uint32_t>(all.size()));
    all.push_back(std::move(target));
}

const DeclaredTarget* DeclaredTargets::find(const std::string& name) const {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : &all[found->second];
}

DeclaredTargets declared_targets(std::span<const config::Target> targets) {
    DeclaredTargets out;
    const config::Target* before = nullptr;
    for (const config::Target& target : targets) {
        DeclaredTarget declared{.name = target.name, .probes = {}};
        for (std::size_t at = 0; at < target.probes.size(); ++at) {
            const config::ProbeDeclaration& probe = target.probes[at];
            if (before != nullptr && asks_alike(*before, target, at)) {
                declared.probes.push_back({out.all.back().probes[at].asked, probe.name});
                continue;
            }
            declared.probes.push_back({static_cast<std::uint32_t>(out.asked.size()), probe.name});
            out.asked.push_back(
                {.probe = probe_spec_of(probe),
                 .parts = target.parts,
                 .urgency = target.urgency,
                 .from = target.from,
                 .url_host = url_host_of(probe)}
            );
        }
        out.add(std::move(declared));
        before = &target;
    }
    return out;
}

std::shared_ptr<const ProbeSpec> probe_spec_of(const config::ProbeDeclaration& probe) {
    ProbeSpec made;
    made.type = probe.type;
    made.interval = probe.interval;
    made.timeout = probe.timeout;
    made.encoded = encode_spec(probe.type, probe.interval, probe.timeout, probe.params);
    made.secret_files.assign(probe.secret_files.begin(), probe.secret_files.end());
    return std::make_shared<const ProbeSpec>(std::move(made));
}

std::string host_of_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    std::string_view rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        rest.remove_prefix(at + 1);
    }
    if (rest.starts_with('[')) {
        return std::string(rest.substr(1, rest.find(']') - 1));
    }
    return std::string(rest.substr(0, rest.find(':')));
}

bool equal_declarations(const config::ProbeDeclaration& a, const config::ProbeDeclaration& b) {
    return a.type == b.type && a.interval == b.interval && a.timeout == b.timeout &&
           a.params == b.params && a.secret_files == b.secret_files;
}

}  // namespace muster::collector
