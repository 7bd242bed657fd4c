// What a run file says: one model, the sites that train it, and how.
//
// parse() checks everything that can be checked without looking at the world; a RunSpec in hand is valid.
// Paths are resolved against the folder of the run file, so that a run works from any folder. Plain values.
// Every key with its default is described in docs/run-file.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"

namespace euromesh::contract {

struct ModelSpec {
    std::int64_t dim = 128;
    std::int64_t layers = 4;
    std::int64_t heads = 4;
    std::int64_t hidden = 344;
    std::int64_t context = 64;
    bool tied = true;
    double rope_theta = 10000;
};

struct InnerSpec {
    std::string optimiser = "adamw";  // adamw | muon
    std::string schedule = "cosine";  // cosine | wsd
    std::int64_t batch = 16;          // sequences per step and site
    double learning_rate = 1e-3;
    double matrix_learning_rate = 0.02;  // muon: for the hidden matrices
    std::int64_t warmup = 100;           // steps
    double decay_fraction = 0.2;         // wsd: last part of the run in which the rate falls
    double final_fraction = 0.1;         // rate at the end, as a part of the peak
    double beta1 = 0.9;
    double beta2 = 0.99;
    double weight_decay = 0.1;
    double clip = 1.0;
};

struct OuterSpec {
    std::string kind = "nesterov";   // nesterov | delayed-nesterov | mean
    std::string codec = "int8";      // fp32 | bf16 | fp16 | int8 | int4 | e3m0
    std::string weights = "tokens";  // tokens | tokens2-per-step | equal
    double learning_rate = 0.7;
    double momentum = 0.9;
    std::int64_t delay = 1;               // delayed-nesterov: rounds from one use of the momentum to the next
    double final_fraction = 1.0;          // the outer rate falls linearly to this part of itself over the run
    std::int64_t fragments = 1;           // F; each is exchanged every H steps, one after the other
    std::int64_t overlap = 0;             // tau: inner steps from sending to merging
    std::string merge = "rebase";         // rebase | mix: how an overlapped result is taken up
    double mix = 0.5;                     // alpha: how much of the own parameters stays in a mix
    std::int64_t inner_steps = 30;        // H
    std::int64_t first_inner_steps = 30;  // H of the first round; grows linearly to H over growth_rounds
    std::int64_t growth_rounds = 0;
};

// For whom a round waits, and what becomes of what comes late.
struct RoundsSpec {
    std::string wait = "all";  // all | quorum
    std::int64_t quorum = 1;   // fewer contributions are no round
    double grace_mads = 4;     // wait = quorum: for the rest, median + this x MAD of measured slack
    std::int64_t grace_least_ms = 50;
    std::int64_t staleness = 0;  // rounds of its fragment that a contribution may be late
    double norm_gate = 10;       // contributions this many times above the median norm are left out; 0: none
};

struct EvaluateSpec {
    std::int64_t every_rounds = 5;  // 0: only at the end
    std::int64_t windows = 128;     // held-out windows per language at the end
};

// How sites reach each other. Between two sites the one that asks for more decides: spool before
// object-store before hub before direct.
struct ExchangeSpec {
    std::string kind = "direct";   // of sites that do not say: direct | hub | object-store | spool
    std::string hub;               // host:port where `euromesh hub` listens
    std::string store;             // s3+https://HOST/BUCKET[/PREFIX], or a folder that all reach
    std::int64_t segment_mib = 8;  // of spool and object-store
    std::int64_t streams = 1;      // direct: TCP connections of a pair; with more they can be resumed
    std::int64_t handshake_s = 0;  // for a link to come up; 0: 20 s, with spool or object-store 600 s
    std::int64_t silence_s = 0;    // a peer silent for longer is taken for dead; 0: 60 s, else 600 s
};

struct SiteSpec {
    SiteId id;
    std::string label;      // "JUPITER"
    std::string system;     // id in data/systems.csv, or empty
    std::string language;   // what its text is, in English
    std::string address;    // host:port; empty: the launcher chooses a free local port
    std::string exchange;   // as ExchangeSpec::kind
    std::string spool;      // folder that its relay serves, as its compute nodes see it
    std::string via;        // how it gets out: plain, socks5://..., http://..., command: ...
    std::string family;     // of addresses that it dials: any | ipv4 | ipv6
    std::string interface;  // network interface by which it goes out; empty: the system's choice
    double rate_mbit = 0;   // it sends no faster than this on each connection; 0: as fast as it goes
    std::string prompt;     // for the sample in the report
    std::filesystem::path text;
    std::filesystem::path heldout;
    std::vector<std::string> data;  // ids of registered data sets that it reads (euromesh run)
};

// What only `euromesh run` needs: whose time, how long, when it may begin.
struct FederationSpec {
    std::string project;  // empty: the only one that the person has
    std::string job_class = "production";
    std::int64_t duration_ms = 0;  // of the whole run at each site; 0: not said
    std::int64_t gpus = 0;         // at each site
    std::int64_t quorum = 0;       // fewer sites are no start; 0: all
};

// What a placement adds to a run file (run_placement.hpp).
struct PlacedSpec {
    std::filesystem::path progress_file, peers_file;  // empty: none
    std::int64_t starting_members = 0;
    std::int64_t start_s = 0;
    std::string listen, towards;
};

struct RunSpec {
    RunId name;
    std::string title;
    std::uint64_t seed = 1;
    std::int64_t steps = 0;  // inner steps of each site
    std::int64_t checkpoint_rounds = 10;
    // A site that is told to leave (SIGTERM) ends its inner steps and hands them in, or drops them.
    std::string leave = "finish";  // finish | drop
    std::int64_t leave_s = 20;     // it is gone so long after, if one inner step takes less
    std::filesystem::path folder;
    std::filesystem::path pki;
    bool encrypted = true;
    ExchangeSpec exchange;
    ModelSpec model;
    InnerSpec inner;
    OuterSpec outer;
    RoundsSpec rounds;
    EvaluateSpec evaluate;
    FederationSpec federation;
    std::vector<SiteSpec> sites;
    std::optional<PlacedSpec> placed;

    // Rank of a site, or not_found naming the sites that there are.
    Result<std::size_t> rank_of(std::string_view site) const;
};

Result<RunSpec> parse_run_spec(std::string_view text, const std::filesystem::path& file);
Result<RunSpec> load_run_spec(const std::filesystem::path& file);

}  // namespace euromesh::contract
