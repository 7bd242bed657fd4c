#include "sync/manifest.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

SiteId site(std::string_view name) {
    return SiteId::parse(name, "site").value();
}

std::string state(int number) {
    return fmt::format("{:032x}", number);
}

// A valid file of `rounds` lines, one step of the chain after another.
std::vector<Manifest> chain(std::uint64_t rounds, std::uint64_t first = 0) {
    std::vector<Manifest> lines;
    std::string head = first == 0 ? chain_origin() : std::string(64, 'a');
    std::uint64_t total = first * 1000;
    for (std::uint64_t round = first; round < first + rounds; ++round) {
        Manifest line;
        line.run = RunId::parse("test-run", "run").value();
        line.round = round;
        line.inner_steps = 30;
        line.codec = "int8";
        line.contributors = {{site("jupiter"), 300, 30, round, 1.5, 0, 1016, std::string(64, '1')},
                             {site("leonardo"), 700, 30, round, 2.5, 0, 1016, std::string(64, '2')}};
        line.contributors[0].weight = 0.3;
        line.contributors[1].weight = 0.7;
        line.state_before = state(static_cast<int>(round));
        line.state_after = state(static_cast<int>(round) + 1);
        line.tokens_total = total += 1000;
        line.previous = head;
        head = chain_digest(encode(line));
        lines.push_back(line);
    }
    return lines;
}

// Recomputes the hashes after a change, so that only the change itself is wrong.
std::string text_of(std::vector<Manifest> lines, bool rechain = true) {
    std::string text, head;
    for (Manifest& line : lines) {
        if (rechain && !head.empty()) line.previous = head;
        head = chain_digest(encode(line));
        text += encode(line) + "\n";
    }
    return text;
}

std::string complaint(const std::string& text) {
    const auto checked = check_manifests(text);
    return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("one manifest is one canonical line and reads back") {
    const Manifest manifest = chain(1).front();
    const std::string line = encode(manifest);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(
        line ==
        R"({"run":"test-run","round":0,"attempt":1,"fragment":0,"inner_steps":30,"codec":"int8",)"
        R"("outer":{"kind":"nesterov","lr":0.7,"momentum":0.9},"weights":"tokens","contributors":[)"
        R"({"site":"jupiter","tokens":300,"inner_steps":30,"base":0,"norm":1.5,"weight":0.3,"bytes":1016,"digest":")" +
            std::string(64, '1') +
            R"("},{"site":"leonardo","tokens":700,"inner_steps":30,"base":0,"norm":2.5,"weight":0.7,"bytes":1016,"digest":")" +
            std::string(64, '2') + R"("}],"state_before":")" + state(0) + R"(","state_after":")" + state(1) +
            R"(","tokens_total":1000,"previous":")" + chain_origin() + R"("})");
    CHECK(decode_manifest(line).value() == manifest);
}

TEST_CASE("weights that no short decimal can hold read back exactly") {
    Manifest manifest = chain(1).front();
    manifest.contributors[0].weight = 1.0 / 3.0;
    manifest.contributors[1].weight = 2.0 / 3.0;
    CHECK(decode_manifest(encode(manifest)).value() == manifest);
}

TEST_CASE("delayed Nesterov and its delay are in the line, and only there") {
    Manifest manifest = chain(1).front();
    CHECK(encode(manifest).find("delay") == std::string::npos);
    manifest.outer = {OuterKind::delayed_nesterov, 0.7, 0.9, 4};
    const std::string line = encode(manifest);
    CHECK(line.find(R"("outer":{"kind":"delayed-nesterov","lr":0.7,"momentum":0.9,"delay":4})") !=
          std::string::npos);
    CHECK(decode_manifest(line).value() == manifest);
    std::string without = line;
    without.erase(without.find(R"(,"delay":4)"), 10);
    CHECK_FALSE(decode_manifest(without).has_value());
    std::string zero = line;
    zero.replace(zero.find(R"("delay":4)"), 9, R"("delay":0)");
    CHECK_FALSE(decode_manifest(zero).has_value());
}

TEST_CASE("weights by tokens^2 per step are recomputed from the line") {
    auto lines = chain(1);
    lines[0].weights = WeightRule::tokens2_per_step;
    lines[0].contributors[1].inner_steps = 70;  // 300^2 / 30 = 3000, 700^2 / 70 = 7000
    CHECK(check_manifests(text_of(lines)).has_value());
    lines[0].contributors[1].inner_steps = 35;
    CHECK(complaint(text_of(lines)).starts_with("line 1: the weight of jupiter is 0.3, by tokens2-per-step"));
    lines[0].contributors[1].inner_steps = 0;
    CHECK(complaint(text_of(lines)) == "line 1: leonardo contributes without inner steps");
}

TEST_CASE("by each step the line says who was missing, and the weights leave room for them") {
    auto lines = chain(1);
    lines[0].weights = WeightRule::each_step;
    lines[0].absent = 2;
    for (Contributor& one : lines[0].contributors) {
        one.inner_steps = one.tokens / 10;  // as many tokens in each step
        one.weight = 0.25;
    }
    CHECK(check_manifests(text_of(lines)).has_value());
    CHECK(decode_manifest(encode(lines[0])).value() == lines[0]);
    lines[0].absent = 1;
    CHECK(complaint(text_of(lines)).find("by each-step it must be") != std::string::npos);
    lines[0].weights = WeightRule::tokens;
    CHECK(encode(lines[0]).find("absent") == std::string::npos);
}

TEST_CASE("only the canonical form is accepted") {
    const std::string line = encode(chain(1).front());
    std::string spaced = line;
    spaced.insert(1, " ");
    CHECK_FALSE(decode_manifest(spaced).has_value());
    std::string extra = line;
    extra.insert(1, R"("note":1,)");
    CHECK_FALSE(decode_manifest(extra).has_value());
    std::string number = line;
    number.replace(number.find("0.3"), 3, "0.30");
    CHECK_FALSE(decode_manifest(number).has_value());
    std::string negative = line;
    negative.replace(negative.find(":300"), 4, ":-30");
    CHECK_FALSE(decode_manifest(negative).has_value());
}

TEST_CASE("the decoder survives any bytes") {
    Random random(1);
    const std::string line = encode(chain(1).front());
    for (int trial = 0; trial < 2000; ++trial) {
        std::string damaged = line;
        for (std::uint64_t k = 0; k <= random.below(4); ++k) {
            damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        }
        if (random.below(3) == 0) damaged.resize(random.below(damaged.size()));
        const auto decoded = decode_manifest(damaged);
        if (decoded) CHECK(encode(*decoded) == damaged);
    }
    for (std::string_view text : {"", "{}", "[]", "null", "{\"run\":1}", "{\"contributors\":{}}"}) {
        CHECK_FALSE(decode_manifest(text).has_value());
    }
}

TEST_CASE("a good file is summed up") {
    const auto lines = chain(5);
    const auto summary = check_manifests(text_of(lines), state(5)).value();
    CHECK(summary.lines == 5);
    CHECK(summary.first_round == 0);
    CHECK(summary.last_round == 4);
    CHECK(summary.head == chain_digest(encode(lines.back())));
    CHECK(summary.final_state == state(5));
    CHECK(summary.tokens_total == 5000);
    CHECK(check_manifests(text_of(chain(3, 7))).value().first_round == 7);  // of a joiner
}

TEST_CASE("the first bad line is named together with what is wrong") {
    using Change = std::function<void(Manifest&)>;
    const std::vector<std::pair<Change, std::string>> faults{
        {[](Manifest& line) { line.round += 1; }, "line 3: round 3 after round 1"},
        {[](Manifest& line) { line.state_before = state(99); }, "line 3: state_before is"},
        {[](Manifest& line) { line.contributors[0].weight = 0.4; }, "line 3: the weight of jupiter is 0.4"},
        {[](Manifest& line) { line.contributors[1].site = site("jupiter"); },
         "line 3: jupiter contributes twice"},
        {[](Manifest& line) { line.contributors.clear(); }, "line 3: nobody contributes"},
        {[](Manifest& line) { line.contributors[0].base = 3; },
         "line 3: jupiter contributes from round 3, which is to come"},
        {[](Manifest& line) { line.contributors[1].base = 1; },
         "line 3: leonardo contributes from round 1, it did so from round 1 already"},
        {[](Manifest& line) { line.contributors[0].tokens = 0; }, "line 3: jupiter contributes no tokens"},
        {[](Manifest& line) { line.tokens_total += 1; }, "line 3: tokens_total is 3001, it must be 3000"},
        {[](Manifest& line) { line.run = RunId::parse("other", "run").value(); },
         "line 3: run 'other' after run 'test-run'"}};
    for (const auto& [change, expected] : faults) {
        auto lines = chain(5);
        change(lines[2]);
        CHECK(complaint(text_of(lines)).starts_with(expected));
    }
}

TEST_CASE("a changed, missing or moved line breaks the chain") {
    auto lines = chain(5);
    lines[1].contributors[0].digest = std::string(64, 'f');
    CHECK(complaint(text_of(lines, false)).starts_with("line 3: 'previous' is not the SHA-256"));
    lines = chain(5);
    lines.erase(lines.begin() + 2);
    CHECK(complaint(text_of(lines, false)).starts_with("line 3: round 3 after round 1"));
    lines = chain(2);
    lines[0].previous = std::string(64, 'b');
    CHECK(complaint(text_of(lines)).starts_with("line 1: round 0 must follow the origin"));
}

TEST_CASE("a cut file, an empty file and a wrong final state are refused") {
    const std::string text = text_of(chain(2));
    CHECK(complaint(text.substr(0, text.size() - 1)) == "line 2: it is cut off: no end of line");
    CHECK(complaint("") == "the file holds no manifest");
    const auto wrong = check_manifests(text, state(9));
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().code == Code::corrupted);
}

}  // namespace euromesh::sync
