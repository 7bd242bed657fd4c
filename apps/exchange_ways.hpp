// From what a run file says of the exchange to the ways of a session.
//
// Between two sites the one that asks for more decides: spool before object-store before hub before direct,
// so that both come to the same without talking. Thread rule: none shared.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "contract/run_spec.hpp"
#include "sync/exchange/connector.hpp"
#include "sync/session.hpp"

namespace euromesh::apps {

// The exchange of a pair of sites: direct | hub | object-store | spool.
std::string exchange_of(const contract::RunSpec& spec, std::size_t a, std::size_t b);

// How this site goes out, by its keys via, family, interface and rate_mbit. bad_input: names the site.
Result<sync::ConnectorOptions> connector_of(const contract::SiteSpec& site);

// Fills in ways, connector and time limits. `config` has its run, sites, self and keys. bad_input: names the
// site and what is wrong.
Status choose_ways(const contract::RunSpec& spec, const Clock& clock, sync::SessionConfig& config);

}  // namespace euromesh::apps
