// How fast the ledger's tree grows and proves, and how fast an export is written and verified.
//
//   bench_ledger [ENTRIES [ENTRY_BYTES]]     (1,000,000 entries of 400 bytes)
//
// One line per question, in seconds of processor time of the one thread that there is, so that a busy machine
// does not change the numbers much. The export goes to memory and is verified from there.
#include <fmt/core.h>

#include <charconv>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "apps/verify/verify.hpp"
#include "base/random.hpp"
#include "federation/ledger/key_book.hpp"
#include "federation/ledger/ledger_export.hpp"
#include "federation/ledger/merkle_tree.hpp"

using namespace euromesh;
using namespace euromesh::federation;

namespace {

constexpr const char* origin = "bench.example";
constexpr std::uint64_t head_every = 10000;
constexpr int proofs = 2000;

double now() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::string founding(const SigningKey& key) {
    const Json federation = {{"name", origin},
                             {"coordinator_key", to_hex(key.public_key())},
                             {"governance", {{"keys", Json::object()}, {"needed", 1}}}};
    return Json{{"v", 1},        {"seq", 0},
                {"time", 0},     {"type", "federation.founded"},
                {"by", "bench"}, {"data", {{"federation", federation}}}}
        .dump();
}

std::string entry_of(std::uint64_t index, std::size_t bytes) {
    std::string text = fmt::format(
        R"({{"v":1,"seq":{},"time":1763733600000,"type":"bench","by":"bench","data":{{"fill":")", index);
    if (text.size() + 3 < bytes) text.append(bytes - text.size() - 3, static_cast<char>('a' + index % 26));
    return text + "\"}}";
}

void measure_tree(std::uint64_t entries, std::size_t bytes) {
    const std::string entry = entry_of(7, bytes);
    MerkleTree tree;
    double start = now();
    for (std::uint64_t i = 0; i < entries; ++i) tree.append_entry(entry);
    double seconds = (now() - start);
    fmt::print("append with leaf hash   {:>10.0f} entries/s\n", static_cast<double>(entries) / seconds);

    start = now();
    const std::string snapshot = tree.snapshot();
    fmt::print("snapshot                {:>10.3f} s, {:.1f} MB\n", (now() - start),
               static_cast<double>(snapshot.size()) / 1e6);
    start = now();
    const bool restored = MerkleTree::restore(snapshot).has_value();
    seconds = (now() - start);
    fmt::print("restore from leaves     {:>10.3f} s{}\n", seconds, restored ? "" : " (failed)");

    Random random(1);
    std::size_t hashes = 0;
    start = now();
    for (int i = 0; i < proofs; ++i) hashes += tree.inclusion_proof(random.below(entries), entries)->size();
    fmt::print("inclusion proof         {:>10.1f} us, {} hashes\n", (now() - start) * 1e6 / proofs,
               hashes / proofs);
    start = now();
    for (int i = 0; i < proofs; ++i)
        hashes += tree.consistency_proof(1 + random.below(entries), entries)->size();
    fmt::print("consistency proof       {:>10.1f} us\n", (now() - start) * 1e6 / proofs);
}

void measure_heads() {
    const SigningKey key = SigningKey::generate();
    const TreeHead says{origin, 1, empty_root(), 1};
    double start = now();
    bool holds = true;
    for (int i = 0; i < proofs; ++i) holds = holds && is_signed_by(sign_head(says, key), key.public_key());
    fmt::print("head signed and checked {:>10.1f} us{}\n", (now() - start) * 1e6 / proofs,
               holds ? "" : " (failed)");
}

Result<std::string> exported(std::uint64_t entries, std::size_t bytes) {
    const SigningKey key = SigningKey::generate();
    std::string text;
    text.reserve(entries * (bytes + 100));
    LedgerExporter exporter(origin, [&](std::string_view piece) {
        text += piece;
        return Status{};
    });
    MerkleTree tree;
    for (std::uint64_t i = 0; i < entries; ++i) {
        const std::string entry = i == 0 ? founding(key) : entry_of(i, bytes);
        tree.append_entry(entry);
        EM_TRY(exporter.entry(entry));
        if ((i + 1) % head_every != 0 && i + 1 != entries) continue;
        EM_TRY(
            exporter.head(sign_head({origin, tree.size(), tree.root(), static_cast<std::int64_t>(i)}, key)));
    }
    EM_TRY(exporter.end());
    return text;
}

Status measure_verifier(std::uint64_t entries, std::size_t bytes) {
    double start = now();
    EM_ASSIGN(const std::string text, exported(entries, bytes));
    fmt::print("export                  {:>10.0f} entries/s, {:.0f} MB\n",
               static_cast<double>(entries) / (now() - start), static_cast<double>(text.size()) / 1e6);
    start = now();
    std::size_t at = 0;
    EM_ASSIGN(const verify::Findings findings,
              verify::verify({[&](std::span<char> out) -> Result<std::size_t> {
                  const std::size_t count = std::min(out.size(), text.size() - at);
                  std::copy_n(text.data() + at, count, out.begin());
                  at += count;
                  return count;
              }}));
    const double seconds = (now() - start);
    fmt::print("verify                  {:>10.0f} entries/s, {:.0f} MB/s{}\n",
               static_cast<double>(entries) / seconds, static_cast<double>(text.size()) / 1e6 / seconds,
               findings.first ? " DIFFERS: " + findings.first->what : "");
    return {};
}

template <class Number>
Number argument(int argc, char** argv, int index, Number otherwise) {
    if (argc <= index) return otherwise;
    const std::string_view text = argv[index];
    Number number = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

int main(int argc, char** argv) {
    const auto entries = std::max<std::uint64_t>(argument<std::uint64_t>(argc, argv, 1, 1000000), 2);
    const auto bytes = argument<std::size_t>(argc, argv, 2, 400);
    measure_tree(entries, bytes);
    measure_heads();
    const Status status = measure_verifier(entries, bytes);
    if (!status) fmt::print("failed: {}\n", status.error().message);
    return status ? 0 : 1;
}
