// Owns: reading one entry of `channels:`. Leaves to watch_reader.hpp: names across files.
#pragma once

#include "config/channel.hpp"
#include "config/reader.hpp"

namespace muster::config {

/// known_here: a zone must be in this machine's tzdata. form_only: what was accepted once is read again without looking.
enum class ZoneCheck { known_here, form_only };

/// `reader` is over schema::channel.
Channel read_channel(const Source& source, const MapReader& reader, ZoneCheck zones);

}  // namespace muster::config
