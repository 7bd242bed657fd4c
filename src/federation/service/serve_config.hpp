// The configuration of a coordinator and of a site's agent: TOML files that people write.
//
// docs/coordinator.md names every key. Paths are relative to the file. Plain values; no thread rule.
#pragma once

#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/os/address.hpp"
#include "base/os/file.hpp"
#include "contract/site_document.hpp"
#include "federation/batch/chain.hpp"
#include "federation/http/server.hpp"
#include "federation/identity/trusted_issuers.hpp"
#include "federation/service/agent_runs.hpp"
#include "federation/service/site_batch.hpp"

namespace euromesh::federation {

struct ServeConfig {
    std::string name;  // of the federation: the ledger's origin
    std::string url;   // as clients and sites reach it: the audience of sites' assertions
    os::Endpoint listen{"127.0.0.1", 0};
    std::optional<TlsFiles> tls;
    std::string proxy;  // address of a proxy in front that does TLS
    std::string store;  // sqlite:PATH or postgresql://...
    os::Path keys;      // folder: coordinator.key
    std::vector<IssuerConfig> issuers;
    std::string issuer_authorities;  // PEM file; empty: the system's
    double requests_per_second = 200;
    bool access_log = true;
};

// bad_input: file, line and key; what would be right.
Result<ServeConfig> read_serve_config(const os::Path& file);

struct AgentFile {
    SiteId site;
    std::string federation;   // its name
    std::string coordinator;  // its URL
    // Where it is reached, if that is not its URL: of several that share a store, each; the leader answers.
    std::vector<std::string> addresses;
    std::string coordinator_key;  // hexadecimal, from a trusted source
    std::string authority_file;   // PEM; empty: the system's
    os::Path folder;              // state; site.key lies in it
    SiteBatchFile batch;
    ChainPolicy chain;  // of claims that are longer than an allocation
    Nanoseconds every = std::chrono::seconds(2);
    contract::SiteDocument document;
    TrainSite train;  // all but the program
};

Result<AgentFile> read_agent_file(const os::Path& file);

}  // namespace euromesh::federation
