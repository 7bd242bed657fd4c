// Manifests of a federated run, brought from its sites through the coordinator and checked here.
//
// They come by way of each site's agent, at most 1 MiB of the newest of each; what a coordinator or a site
// would change in them does not fit their chain, or the digests that the ledger keeps. One thread.
#pragma once

#include <map>
#include <string>

#include "apps/api_client.hpp"
#include "apps/run_view.hpp"

namespace euromesh::apps {

// Asks each site of the run that has manifests, keeps them in `folder`/SITE.jsonl, and says how each ends.
// corrupted: a chain is broken, or two sites differ in a line. A site that does not answer is left out.
Result<std::map<std::string, ManifestEnd>> fetch_manifests(ApiClient& client, const Json& run,
                                                           const os::Path& folder);

}  // namespace euromesh::apps
