// What data/systems.csv knows about a site's system, for its row in the report.
#pragma once

#include "base/json.hpp"

namespace euromesh::apps {

// Adds country, lat, lon, accelerator and accelerator_count where the site's "system" is known and they are
// known.
Status add_system_facts(Json& site);

}  // namespace euromesh::apps
