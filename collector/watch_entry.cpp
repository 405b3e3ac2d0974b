#include "collector/watch_entry.hpp"

#include "base/crypto.hpp"

namespace muster::collector {

Pending watch_entry(const config::LoadedCollector& loaded) {
    proto::ConfigLoaded body;
    for (const config::ConfigText& text : loaded.texts) {
        proto::ConfigLoaded::File& file = *body.add_files();
        file.set_name(text.name);
        file.set_text(text.text);
    }
    body.set_silent_after_ns(loaded.process.silent_after.count());
    body.set_silent_incident_after_ns(loaded.process.silent_incident_after.count());
    Pending entry;
    entry.kind = EntryKind::config_loaded;
    entry.config_hash = sha256(body.SerializeAsString());
    body.set_hash(entry.config_hash);
    entry.body = body.SerializeAsString();
    return entry;
}

}  // namespace muster::collector
