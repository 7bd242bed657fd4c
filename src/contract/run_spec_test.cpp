#include "contract/run_spec.hpp"

#include <doctest/doctest.h>

namespace euromesh::contract {
namespace {

constexpr std::string_view good = R"([run]
name = "three"
steps = 300
[model]
dim = 64
heads = 2
[outer]
inner_steps = 20
[[site]]
name = "a"
text = "a.txt"
heldout = "a_held.txt"
[[site]]
name = "b"
text = "/data/b.txt"
heldout = "b_held.txt"
)";

std::string with(std::string_view line, std::string_view replacement) {
    std::string text(good);
    const std::size_t at = text.find(line);
    REQUIRE(at != std::string::npos);
    return text.replace(at, line.size(), replacement);
}

std::string message_for(const std::string& text) {
    const Result<RunSpec> spec = parse_run_spec(text, "dir/run.toml");
    return spec ? "" : spec.error().message;
}

TEST_CASE("how a site leaves is one of two ways, within a time") {
    const auto spec = parse_run_spec(with("steps = 300", "leave = 'drop'\nleave_s = 5"), "run.toml");
    REQUIRE(spec);
    CHECK(spec->leave == "drop");
    CHECK(spec->leave_s == 5);
    CHECK(message_for(with("steps = 300", "leave = 'now'")).find("leave: must be finish or drop") !=
          std::string::npos);
    CHECK(message_for(with("steps = 300", "leave_s = 0")).find("leave_s") != std::string::npos);
}

TEST_CASE("a short file is a whole run: the rest are defaults") {
    const Result<RunSpec> spec = parse_run_spec(good, "dir/run.toml");
    REQUIRE(spec);
    CHECK(spec->steps == 300);
    CHECK(spec->outer.inner_steps == 20);
    CHECK(spec->outer.first_inner_steps == 20);
    CHECK(spec->outer.codec == "int8");
    CHECK(spec->sites.size() == 2);
    CHECK(spec->rank_of("b") == 1);
    CHECK(spec->rank_of("c").error().message == "no site 'c' in run three; there are: a, b");
}

TEST_CASE("delayed Nesterov with its delay, and weights by tokens^2 per step") {
    const Result<RunSpec> spec = parse_run_spec(
        with("inner_steps = 20", "kind = 'delayed-nesterov'\ndelay = 4\nweights = 'tokens2-per-step'"),
        "run.toml");
    REQUIRE_MESSAGE(spec, spec.error().message);
    CHECK(spec->outer.kind == "delayed-nesterov");
    CHECK(spec->outer.delay == 4);
    CHECK(spec->outer.weights == "tokens2-per-step");
    CHECK(parse_run_spec(good, "run.toml")->outer.delay == 1);
}

TEST_CASE("fragments, overlap, and for whom a round waits") {
    const auto spec =
        parse_run_spec(with("inner_steps = 20",
                            "inner_steps = 20\nfragments = 4\noverlap = 3\nmix = 0.25\n[rounds]\n"
                            "wait = 'quorum'\nquorum = 2\nstaleness = 5\nnorm_gate = 0"),
                       "run.toml");
    REQUIRE(spec);
    CHECK(spec->outer.fragments == 4);
    CHECK(spec->outer.overlap == 3);
    CHECK(spec->outer.mix == 0.25);
    CHECK(spec->rounds.wait == "quorum");
    CHECK(spec->rounds.quorum == 2);
    CHECK(spec->rounds.staleness == 5);
    CHECK(spec->rounds.norm_gate == 0);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\nfragments = 3"))
              .find("fragments: inner_steps 20 must be divisible by fragments = 3") != std::string::npos);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\nfragments = 4\noverlap = 5"))
              .find("overlap: must be below the 5 inner steps between two exchanges") != std::string::npos);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\n[rounds]\nquorum = 5"))
              .find("a quorum of 5 of 2 sites") != std::string::npos);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\n[rounds]\nnorm_gate = 0.5"))
              .find("norm_gate: must be above 1") != std::string::npos);
}

TEST_CASE("how sites reach each other, and what each exchange must name") {
    const auto spec = parse_run_spec(with("name = \"b\"",
                                          "name = \"b\"\nexchange = 'spool'\nspool = 'sp/b'\n"
                                          "via = 'socks5://p:1080'\nfamily = 'ipv4'\nrate_mbit = 900"),
                                     "dir/run.toml");
    CHECK_FALSE(spec);
    CHECK(spec.error().message.find("a needs spool = DIR") != std::string::npos);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\n[exchange]\nkind = 'hub'"))
              .find("hub is missing: host:port") != std::string::npos);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\n[exchange]\nkind = 'object-store'"))
              .find("store is missing") != std::string::npos);
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 20\n[exchange]\nkind = 'pigeon'"))
              .find("'pigeon' is not one of: direct, hub, object-store, spool") != std::string::npos);
    const auto hub = parse_run_spec(
        with("inner_steps = 20",
             "inner_steps = 20\n[exchange]\nkind = 'hub'\nhub = 'h:1'\nsilence_s = 9\nstreams = 8"),
        "r");
    REQUIRE(hub);
    CHECK(hub->exchange.hub == "h:1");
    CHECK(hub->exchange.silence_s == 9);
    CHECK(hub->exchange.streams == 8);
    CHECK(
        message_for(with("inner_steps = 20", "inner_steps = 20\n[exchange]\nstreams = 65")).find("streams") !=
        std::string::npos);
    CHECK(hub->sites[0].exchange == "hub");
}

TEST_CASE("paths are relative to the run file") {
    const Result<RunSpec> spec = parse_run_spec(good, "dir/run.toml");
    REQUIRE(spec);
    CHECK(spec->sites[0].text == "dir/a.txt");
    CHECK(spec->sites[1].text == "/data/b.txt");
    CHECK(spec->folder == "dir/runs/three");
    CHECK(spec->pki == "dir/runs/three/pki");
}

TEST_CASE("each mistake is one line that names the place and the remedy") {
    CHECK(message_for(with("inner_steps = 20", "inner_steps = 0")) ==
          "dir/run.toml:8: [outer] inner_steps: 0 is out of range; use 1 to 100000");
    CHECK(message_for(with("heads = 2", "heads = 3")) ==
          "dir/run.toml:6: [model] heads: dim 64 must be divisible by 2 x heads = 6");
    CHECK(message_for(with("name = \"b\"", "name = \"a\"")) ==
          "dir/run.toml:14: [[site]] name: a site of this name is there already");
    CHECK(message_for(with("steps = 300", "step = 300")) ==
          "dir/run.toml:3: [run] step: unknown key; did you mean 'steps'?");
    CHECK(message_for(with("steps = 300", "steps = 'many'")) ==
          "dir/run.toml:3: [run] steps: must be a whole number");
    CHECK(message_for(with("inner_steps = 20", "kind = 'delayed-nesterov'")) ==
          "dir/run.toml:7: [outer] delay: is missing; kind delayed-nesterov needs a whole number of rounds, "
          "1 to "
          "1000");
    CHECK(message_for(with("inner_steps = 20", "delay = 2")) ==
          "dir/run.toml:8: [outer] delay: is for kind delayed-nesterov, not for nesterov");
    CHECK(message_for(with("inner_steps = 20", "delay = 0")).find("0 is out of range") != std::string::npos);
    CHECK(
        message_for(with("inner_steps = 20", "weights = 'steps'")) ==
        "dir/run.toml:8: [outer] weights: 'steps' is not one of: tokens, tokens2-per-step, equal, each-step");
    CHECK(message_for(with("inner_steps = 20", "weights = 'each-step'\nmerge = 'mix'"))
              .find("each-step\" needs merge") != std::string::npos);
    CHECK(message_for(with("[outer]", "[rounds]\nstaleness = 1\n[outer]\nweights = 'each-step'"))
              .find("staleness must be 0") != std::string::npos);
    CHECK(message_for("[run]\nname = 'x'\n").find("at least one [[site]]") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::contract
