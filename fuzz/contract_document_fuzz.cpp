// Job specs, site documents, placements and progress of runs from anybody: read or refused; what is read is
// written one way and reads the same.
#include "contract/job_spec.hpp"
#include "contract/run_placement.hpp"
#include "contract/site_document.hpp"
#include "federation/core/run_progress.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

void try_run(Input input) {
    const std::string_view text = input.text();
    if (const auto placement = contract::parse_run_placement(text)) {
        const auto again = contract::parse_run_placement(contract::to_json(*placement).dump());
        EM_ASSERT(again && *again == *placement, "a placement reads the same");
    }
    if (const auto json = parse_json(text, 65536)) {
        const auto progress = federation::read_run_progress(*json);
        if (!progress) return;
        const auto again = parse_json(federation::record_text(*progress));
        EM_ASSERT(again && federation::read_run_progress(*again).value() == *progress,
                  "progress reads the same");
    }
}

}  // namespace

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
    try_run(input);
}

}  // namespace euromesh::fuzz
