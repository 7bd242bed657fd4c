// em_fuzz_corpus FOLDER: writes a few small inputs for each target, made by the program's own encoders.
//
// Run by hand when a format changes; what it writes is committed (fuzz/corpus). The same source writes the
// same bytes, certificates apart. Inputs that the fuzzers found are added to the same folders under other
// names.
#include <cstdio>
#include <cstring>

#include "base/os/certificate.hpp"
#include "base/os/file.hpp"
#include "base/random.hpp"
#include "contract/measured.hpp"
#include "contract/safetensors.hpp"
#include "facts/embedded.hpp"
#include "federation/ledger/ledger_export.hpp"
#include "federation/ledger/proof_document.hpp"
#include "federation/ledger/witness.hpp"
#include "fuzz/story_corpus.hpp"
#include "planner/embedded_scenarios.hpp"
#include "sync/codec.hpp"
#include "sync/codec_topk.hpp"
#include "sync/conductor_message.hpp"
#include "sync/exchange/frame.hpp"
#include "sync/exchange/greeting.hpp"
#include "sync/exchange/hub_proof.hpp"
#include "sync/exchange/tether_wire.hpp"
#include "sync/state_transfer.hpp"
#include "trainer/model.hpp"

namespace euromesh {
namespace {

class Corpus {
  public:
    explicit Corpus(os::Path folder) : folder_(std::move(folder)) {}
    Status add(const std::string& target, const std::string& name, std::string_view bytes) {
        EM_TRY(os::make_folders(folder_ / target));
        return os::write_file_atomically(folder_ / target / name, bytes);
    }

  private:
    os::Path folder_;
};

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string byte(std::size_t value) {
    return std::string(1, static_cast<char>(value));
}

std::string word(std::size_t value) {
    return byte(value % 256) + byte(value / 256);
}

std::string frame(sync::FrameKind kind, std::uint16_t type, sync::ReduceKey key, std::string_view body) {
    sync::FrameHeader header{kind, type, key, sync::run_tag("r"), 0, static_cast<std::uint32_t>(body.size())};
    return text_of(sync::encode_frame(header)) + std::string(body);
}

Status add_frames(Corpus& corpus) {
    const std::string ping = frame(sync::FrameKind::ping, 0, {}, "");
    const std::string message = frame(sync::FrameKind::message, 7, {}, "a message");
    const std::string ready = frame(sync::FrameKind::ready, 0, {3, 1, 0}, "");
    const std::string bulk = frame(sync::FrameKind::contribution, 0, {3, 1, 0}, "12345678");
    const std::string dropped = frame(sync::FrameKind::result, 0, {3, 1, 2}, "12345678");
    EM_TRY(corpus.add("frame", "ping", ping));
    EM_TRY(corpus.add("frame", "message", message));
    EM_TRY(corpus.add("frame", "ready", ready));
    EM_TRY(corpus.add("frame", "contribution", bulk));
    EM_TRY(corpus.add("connection", "small", word(6) + byte(200) + ping + message + ready));
    EM_TRY(corpus.add("connection", "bulk", word(500) + byte(200) + ready + bulk + message));
    return corpus.add("connection", "dropped", word(10) + byte(2) + bulk + dropped + bulk);
}

sync::Manifest manifest_of(const sync::Manifest* before) {
    sync::Manifest manifest;
    manifest.run = RunId::parse("r", "run").value();
    manifest.inner_steps = 30;
    manifest.codec = "int8";
    const std::string digest(64, 'd');
    for (const char* const site : {"a", "b"}) {
        sync::Contributor& one = manifest.contributors.emplace_back();
        one.site = SiteId::parse(site, "site").value();
        one.tokens = 640;
        one.inner_steps = 30;
        one.weight = 0.5;
        one.bytes = 1040;
        one.digest = digest;
    }
    manifest.state_before = std::string(32, 'a');
    manifest.state_after = std::string(32, 'b');
    manifest.tokens_total = 1280;
    manifest.previous = sync::chain_origin();
    if (!before) return manifest;
    manifest.round = before->round + 1;
    manifest.state_before = before->state_after;
    manifest.tokens_total += before->tokens_total;
    manifest.previous = sync::chain_digest(encode(*before));
    return manifest;
}

Status add_manifests(Corpus& corpus) {
    const sync::Manifest first = manifest_of(nullptr);
    const sync::Manifest second = manifest_of(&first);
    EM_TRY(corpus.add("manifest", "line", encode(first)));
    return corpus.add("manifest", "chain", encode(first) + "\n" + encode(second) + "\n");
}

Status add_conductor_messages(Corpus& corpus) {
    sync::Standing standing;
    standing.role = sync::Role::member;
    standing.state = std::string(32, 'a');
    standing.sees = {0, 1, 2};
    standing.ready = sync::Ready{640, 30};
    standing.prepared = sync::Prepared{64, std::string(32, 'b'), std::string(64, 'c'), 1040};
    sync::Plan plan;
    plan.chain_head = sync::chain_origin();
    plan.ballot = 64;
    plan.members = {{0, 0.5}, {1, 0.25}, {2, 0.25}};
    sync::Commit commit;
    commit.authority = 64;
    commit.line = encode(manifest_of(nullptr));
    const std::vector<std::pair<std::string, sync::Message>> all = {
        {"standing", standing}, {"plan", plan}, {"commit", commit}};
    for (const auto& [name, message] : all)
        EM_TRY(corpus.add("conductor_message", name, byte(sync::type_of(message)) + encode(message)));
    return {};
}

Status add_greetings(Corpus& corpus) {
    const sync::Greeting sound{sync::exchange_protocol, "r",      "b",
                               {"a", "b", "c"},         "layout", Json{{"codec", "int8"}}};
    EM_TRY(corpus.add("greeting", "sound", sync::greeting_text(sound)));
    EM_TRY(corpus.add("greeting", "newer", R"({"protocol":2,"site":"b","more":[]})"));
    return corpus.add("json", "greeting", sync::greeting_text(sound));
}

Status add_codecs(Corpus& corpus) {
    std::vector<const sync::Codec*> codecs;
    for (const std::string_view name : sync::codec_names()) {
        EM_ASSIGN(const sync::Codec* codec, sync::find_codec(name));
        codecs.push_back(codec);
    }
    codecs.push_back(&sync::topk_codec());
    Random random(1);
    std::vector<float> values(300);
    for (float& value : values) value = static_cast<float>(random.normal());
    for (std::size_t i = 0; i < codecs.size(); ++i) {
        std::vector<std::byte> bytes(codecs[i]->encoded_bytes(values.size()));
        codecs[i]->encode(values, bytes);
        const std::string name(codecs[i]->name());
        EM_TRY(corpus.add("codec", name, byte(i) + word(values.size()) + text_of(bytes)));
    }
    return {};
}

Status add_state(Corpus& corpus) {
    const auto state = std::make_shared<const sync::OuterState>(
        sync::OuterState::from(std::vector<float>{1.0f, 2.0f, 3.0f}));
    sync::OutgoingState outgoing({{1, sync::chain_origin(), 1280}, sync::state_digest(*state), ""}, state);
    std::string all = byte(0);
    while (const auto message = outgoing.next()) all += word(message->bytes.size()) + text_of(message->bytes);
    return corpus.add("state_transfer", "three_values", all);
}

Status add_files(Corpus& corpus, const os::Path& folder) {
    const os::Path path = folder / "tensors.tmp";
    const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    const contract::Layout layout = {{"a", {2}}, {"b", {2, 2}}};
    EM_TRY(contract::write_safetensors(path, layout, values, {{"format", "pt"}}));
    EM_ASSIGN(const std::string tensors, os::read_file(path, 1u << 20));
    std::filesystem::remove(path);
    EM_TRY(corpus.add("safetensors", "two_tensors", tensors));
    contract::Measured measured{"0.1.0", "2026-11-21T00:00:00Z", "r", 1000, 30, 10, 128, "int8", 1.1, 0.01,
                                {}};
    measured.sites = {{"a", 1000, 9, 1}, {"b", 500, 8, 2}};
    EM_TRY(corpus.add("measured", "two_sites", contract::to_json(measured).dump(2)));
    trainer::ModelConfig model{256, 8, 1, 2, 8, 4, true, 10000, 1e-5};
    const Json state{{"format", "euromesh-checkpoint/1"},
                     {"step", 3},
                     {"round", 2},
                     {"sampler_state", "00000000000000ff"},
                     {"layout", contract::layout_digest(trainer::model_layout(model))},
                     {"extra", {{"run", "r"}, {"chain_head", sync::chain_origin()}, {"tokens_total", 640}}}};
    EM_TRY(corpus.add("checkpoint", "state", byte(0) + state.dump()));
    return corpus.add("checkpoint", "config", byte(1) + trainer::to_hugging_face(model).dump(2));
}

// The header and the first rows.
std::string head_of(std::string_view text, std::size_t lines) {
    std::size_t end = 0;
    for (std::size_t line = 0; line < lines && end < text.size(); ++line)
        end = std::min(text.find('\n', end), text.size() - 1) + 1;
    return std::string(text.substr(0, end));
}

Status add_tables(Corpus& corpus) {
    // The order of fuzz/facts_fuzz.cpp.
    const std::vector<std::string> files = {"systems",      "accelerators",    "ai_factories", "energy",
                                            "countries",    "grid_lead_times", "costs",        "network",
                                            "access_modes", "training_runs"};
    for (std::size_t i = 0; i < files.size(); ++i) {
        EM_ASSIGN(const std::string_view text, facts::embedded_text(files[i] + ".csv"));
        EM_TRY(corpus.add("facts", files[i], byte(i) + head_of(text, 3)));
    }
    for (const facts::EmbeddedFile& file : planner::embedded_scenarios())
        EM_TRY(corpus.add("scenario", std::string(file.name), file.text));
    return {};
}

Status add_people(Corpus& corpus) {
    EM_ASSIGN(const std::string run, os::read_file("examples/three-sites/run.toml", 1u << 20));
    EM_TRY(corpus.add("run_file", "three_sites", run));
    EM_TRY(corpus.add("endpoint", "name", "host.example:4400"));
    EM_TRY(corpus.add("endpoint", "v6", "[::1]:4400"));
    EM_TRY(
        corpus.add("json", "numbers", R"([0,-1,1.5,1e300,18446744073709551615,null,true,{"a":"\u00e9"}])"));
    EM_TRY(corpus.add("checkpoint", "latest", byte(2) + "step-00000003\n"));
    const os::Validity validity{std::chrono::seconds(0), std::chrono::seconds(4'000'000'000)};
    EM_ASSIGN(const os::Issued authority, os::make_authority({"run", "r"}, validity));
    EM_TRY(corpus.add("certificate", "authority", byte(0) + authority.certificate));
    EM_ASSIGN(const os::Issued site, os::issue_certificate(authority, {"b", "r"}, validity));
    return corpus.add("certificate", "site", byte(1) + site.certificate);
}

Status add_ways(Corpus& corpus) {
    const sync::TetherHello sessions{0x1234, 0x5678};
    const sync::TetherHeader header{sync::TetherKind::segment, sessions, 64, 5, sync::tether_digest({})};
    EM_TRY(corpus.add("tether", "segment", text_of(sync::encode(header))));
    EM_TRY(corpus.add("tether", "hello_name",
                      sync::encode(sync::TetherName{sync::TetherKind::hello, sessions})));
    EM_TRY(
        corpus.add("tether", "segment_name",
                   sync::encode(sync::TetherName{sync::TetherKind::segment, sessions, 64, 5, sha256("x")})));
    EM_TRY(corpus.add("hub", "greeting", sync::hub_greeting_text(sync::HubChallenge{})));
    EM_TRY(corpus.add("hub", "waiting", sync::hub_state_text(sync::HubState::waiting)));
    EM_TRY(corpus.add("hub", "refusal", sync::hub_refusal_text("another run")));
    const sync::HubParty party{RunId::parse("r", "run").value(), SiteId::parse("a", "site").value(),
                               SiteId::parse("b", "site").value()};
    EM_TRY(corpus.add("hub", "proof", sync::hub_proof_text({party, "PEM", "signature"})));
    EM_TRY(corpus.add("s3_listing", "error", "<Error><Code>NoSuchKey</Code></Error>"));
    return corpus.add(
        "s3_listing", "two",
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        "<Contents><Key>a&amp;b</Key><Size>5</Size></Contents>"
        "<Contents><Key>c</Key><Size>0</Size></Contents></ListBucketResult>");
}

// A founding, a site, a rotation; with the head that both sign.
Status add_ledger(Corpus& corpus) {
    using namespace federation;
    const SigningKey one = SigningKey::from_seed({1});
    const SigningKey two = SigningKey::from_seed({2}), three = SigningKey::from_seed({3});
    MerkleTree tree;
    std::string text;
    LedgerExporter exporter("o", [&](std::string_view piece) { return text += piece, Status{}; });
    KeyEvent rotation{KeyChange::rotated, KeyRole::site, "a", two.public_key(), three.public_key()};
    sign_key_event("o", rotation, "a", two);
    const std::string key = to_hex(one.public_key()), site = to_hex(two.public_key());
    const Json governance = {{"keys", Json::object()}, {"needed", 1}};
    const Json federation = {{"name", "o"}, {"coordinator_key", key}, {"governance", governance}};
    std::int64_t seq = 0;
    for (const auto& [type, data] :
         {std::pair<const char*, Json>{"federation.founded", {{"federation", federation}}},
          {"site.admitted", {{"site", {{"id", "a"}, {"public_key", site}}}}},
          {"key.rotated", to_json(rotation)}}) {
        const Json entry = {{"v", 1},       {"seq", seq++}, {"time", 1},
                            {"type", type}, {"by", "x"},    {"data", data}};
        tree.append_entry(entry.dump());
        EM_TRY(exporter.entry(entry.dump()));
        EM_TRY(corpus.add("ledger", type, byte(2) + entry.dump()));
    }
    SignedHead head = sign_head({"o", tree.size(), tree.root(), 1}, one);
    add_countersignature(head, countersign(head.head, "a", three, 1000));
    EM_TRY(exporter.head(head));
    EM_TRY(exporter.end());
    EM_ASSIGN(const Json proof, inclusion_document(tree, 1, head));
    EM_TRY(corpus.add("ledger", "head", byte(0) + encode(head)));
    EM_TRY(corpus.add("ledger", "export", byte(1) + text));
    EM_TRY(corpus.add("ledger", "proof", byte(2) + proof.dump()));
    EM_TRY(corpus.add("ledger", "memory", byte(2) + encode(first_memory("o", one.public_key()))));
    EM_TRY(corpus.add("ledger", "known_keys", byte(2) + coordinator_key_line("o", one.public_key())));
    return corpus.add("ledger", "snapshot", byte(3) + tree.snapshot());
}

Status make_all(const os::Path& folder) {
    Corpus corpus(folder);
    EM_TRY(add_frames(corpus));
    EM_TRY(add_manifests(corpus));
    EM_TRY(add_conductor_messages(corpus));
    EM_TRY(add_greetings(corpus));
    EM_TRY(add_codecs(corpus));
    EM_TRY(add_state(corpus));
    EM_TRY(add_files(corpus, folder));
    EM_TRY(add_tables(corpus));
    EM_TRY(add_people(corpus));
    EM_TRY(add_ledger(corpus));
    EM_TRY(add_story([&](const char* target, const std::string& name, const std::string& bytes) {
        return corpus.add(target, name, bytes);
    }));
    return add_ways(corpus);
}

}  // namespace
}  // namespace euromesh

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "Usage: em_fuzz_corpus FOLDER (from the root of the source)\n");
        return 2;
    }
    const euromesh::Status status = euromesh::make_all(arguments[1]);
    if (status) return 0;
    std::fprintf(stderr, "em_fuzz_corpus: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
