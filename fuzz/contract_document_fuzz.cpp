// Job specs and site documents from anybody: read or refused; what is read is written one way and reads the
// same.
#include "contract/job_spec.hpp"
#include "contract/site_document.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const std::string_view text = input.text();
    if (const auto spec = contract::parse_job_spec(text)) {
        const auto again = contract::read_job_spec(contract::to_json(*spec));
        EM_ASSERT(again && contract::digest_of(*again) == contract::digest_of(*spec), "a job reads the same");
        EM_ASSERT(spec->duration_ms > 0 && spec->quorum <= spec->sites, "a job in hand is valid");
    }
    if (const auto site = contract::parse_site_document(text)) {
        const auto again = contract::read_site_document(contract::to_json(*site));
        EM_ASSERT(again && *again == *site, "a site reads the same");
    }
}

}  // namespace euromesh::fuzz
