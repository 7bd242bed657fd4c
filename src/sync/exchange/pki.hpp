// Keys of a run: one authority made for the run, one certificate for each site.
//
// Why own: sites that train together need to know each other and nobody else; no public authority says who
// belongs to a run. A site's certificate carries its id (common name and DNS name) and the run's id
// (organisation). Keys are Ed25519.
//
// Files in a folder: ca.pem, ca.key, and SITE.pem, SITE.key for each site. Keys are readable by the owner
// only. A site needs ca.pem and its own two files; ca.key stays where it was made. Thread rule: none shared.
#pragma once

#include <span>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/os/file.hpp"
#include "base/os/tls.hpp"

namespace euromesh::sync {

struct PkiOptions {
    bool overwrite = false;
    std::chrono::hours validity{24 * 3652};  // ten years
};

// Writes all files. conflict: one exists already (and nothing was written), unless told to overwrite.
Status pki_init(const os::Path& folder, const RunId& run, std::span<const SiteId> sites, const Clock& clock,
                const PkiOptions& options = {});

// Reads and checks what a site needs. not_found: a file is missing; refused: expired or not yet valid, of
// another run or site, or signed by another authority; bad_input: not a certificate, or the key is another's.
Result<os::TlsCredentials> pki_load(const os::Path& folder, const RunId& run, const SiteId& site,
                                    const Clock& clock);

}  // namespace euromesh::sync
