#include "federation/service/agent.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "federation/service/site_door.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t journal_max_bytes = 16u << 20;
constexpr std::size_t output_most = 1u << 20;    // kept of a stream when its job is forgotten
constexpr std::size_t output_sent = 256u << 10;  // of a stream in one answer
constexpr std::size_t manifests_sent = 1u << 20;
// A batch system or a coordinator that takes so long to answer is told of as silent meanwhile.
constexpr std::int64_t patience_ms = 5'000;
constexpr std::string_view journal_name = "the agent's journal";

std::string_view claim_state(BatchState state) {
    switch (state) {
        case BatchState::queued:
            return "accepted";
        case BatchState::running:
            return "running";
        case BatchState::ended:
            return "ended";
        case BatchState::cancelled:
            return "cancelled";
        case BatchState::lost:
            return "lost";
    }
    return "lost";
}

ClaimReport report_of(const BatchJob& job) {
    ClaimReport made;
    made.claim = job.marker;
    made.state = claim_state(job.state);
    made.started_ms = job.started_ms;
    made.ended_ms = job.ended_ms;
    made.used_ms = job.usage.wall_ms;
    made.exit = job.exit_status.value_or(0);
    made.words = job.message;
    return made;
}

JobStart job_of(const StartOrder& order, const AgentConfig& config) {
    JobStart job;
    job.marker = order.claim;
    job.executable = order.spec.executable;
    job.arguments = order.spec.arguments;
    job.environment = config.environment;
    for (const auto& [name, value] : order.spec.environment) job.environment[name] = value;
    job.environment["EUROMESH_JOB"] = order.job;
    job.environment["EUROMESH_CLAIM"] = order.claim;
    job.environment["EUROMESH_SITE"] = config.site.text();
    job.environment["EUROMESH_SITES"] = fmt::format("{}", fmt::join(order.sites, ","));
    job.directory = order.spec.directory;
    job.duration_ms = order.limit_ms;
    job.resources.processes = order.spec.processes;
    job.resources.gpus = order.gpus;
    const auto queue = config.queues.find(order.partition);
    if (queue != config.queues.end()) job.queue = queue->second;
    return job;
}

ClaimReport report_of(const std::string& claim, const char* state, const std::string& words) {
    ClaimReport made;
    made.claim = claim;
    made.state = state;
    made.words = words;
    return made;
}

Status read_words(const Json& json, std::map<std::string, std::string>& words) {
    if (!json.is_object()) return fail(Code::corrupted, "{}: claims and words are an object", journal_name);
    for (const auto& [claim, text] : json.items()) {
        if (!text.is_string()) return fail(Code::corrupted, "{}: words are text", journal_name);
        words[claim] = text.get<std::string>();
    }
    return {};
}

bool is_final(const Error& error) {
    return error.code != Code::unavailable && error.code != Code::no_space && error.code != Code::cancelled;
}

}  // namespace

Agent::Agent(AgentConfig config, SigningKey key, BatchSystem& batch, CoordinatorCall call, const Clock& clock,
             const Logger& logger)
    : config_(std::move(config)),
      key_(std::move(key)),
      batch_(&batch),
      call_(std::move(call)),
      clock_(&clock),
      logger_(&logger),
      token_key_(TokenKey::generate(TokenAlgorithm::es256)),
      runs_(config_.site, std::filesystem::absolute(config_.folder), config_.train),
      diary_(config_.folder / "diary.json"),
      containers_(config_.containers, std::filesystem::absolute(config_.folder) / "images.json") {}

Result<Agent> Agent::open(AgentConfig config, SigningKey key, BatchSystem& batch, CoordinatorCall call,
                          const Clock& clock, const Logger& logger) {
    Agent agent(std::move(config), std::move(key), batch, std::move(call), clock, logger);
    EM_TRY(os::make_folders(agent.config_.folder / "output"));
    EM_TRY(agent.read_files());
    agent.diary_.read(agent.now_ms());
    return agent;
}

std::int64_t Agent::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_->wall()).count();
}

Status Agent::read_files() {
    const auto journal = os::read_file(config_.folder / "journal.json", journal_max_bytes);
    if (!journal && journal.error().code != Code::not_found) return fail(journal.error());
    if (journal) {
        EM_ASSIGN(const Json json, parse_json(*journal));
        EM_ASSIGN(journal_, json_string(json, "journal", journal_name));
        EM_ASSIGN(orders_seen_, json_integer(json, "orders_seen", journal_name));
        const Json none = Json::object();
        const auto refused = json.find("refused"), cancelled = json.find("cancelled");
        EM_TRY(read_words(refused == json.end() ? none : *refused, refused_));
        EM_TRY(read_words(cancelled == json.end() ? none : *cancelled, cancelled_));
        const auto runs = json.find("runs");
        EM_TRY(read_words(runs == json.end() ? none : *runs, run_claims_));
    } else {
        std::array<std::uint8_t, 16> bytes{};
        os::fill_random(std::as_writable_bytes(std::span(bytes)));
        journal_ = to_hex(bytes);
        EM_TRY(keep_journal());
    }
    const auto memory = os::read_file(config_.folder / "witness.json", journal_max_bytes);
    if (!memory && memory.error().code != Code::not_found) return fail(memory.error());
    if (!memory) {
        memory_ = first_memory(config_.origin, config_.coordinator_key);
        return {};
    }
    EM_ASSIGN(memory_, decode_witness_memory(*memory));
    return {};
}

Status Agent::keep_journal() {
    const Json json = {{"journal", journal_},
                       {"orders_seen", orders_seen_},
                       {"refused", Json(refused_)},
                       {"cancelled", Json(cancelled_)},
                       {"runs", Json(run_claims_)}};
    return os::write_file_atomically(config_.folder / "journal.json", json.dump());
}

// ---- talking ---------------------------------------------------------------------------------------------

// Somebody at the site has replaced it since this agent began.
bool Agent::has_new_key() {
    if (!config_.read_key) return false;
    auto key = config_.read_key();
    if (!key || key->public_key() == key_.public_key()) return false;
    key_ = std::move(*key);
    countersignature_ = nullptr;
    return true;
}

Status Agent::introduce() {
    const auto introduced = [this] {
        return call_("/v1/agent/introduce",
                     make_introduction(config_.origin, config_.site, token_key_.public_key(), key_, now_ms()),
                     {});
    };
    auto taken = introduced();
    if (!taken && taken.error().code == Code::refused && has_new_key()) taken = introduced();
    if (!taken) return fail(taken.error());
    is_introduced_ = true;
    is_described_ = false;
    return {};
}

// A coordinator that was started again knows the site, but not this agent's token key.
Result<Json> Agent::call(const std::string& path, const Json& body) {
    for (int attempt = 0;; ++attempt) {
        if (!is_introduced_) EM_TRY(introduce());
        const std::string assertion =
            make_site_assertion(token_key_, config_.site, config_.coordinator, os::fill_random, now_ms());
        auto answer = call_(path, body, assertion);
        if (answer || answer.error().code != Code::refused || attempt > 0) return answer;
        is_introduced_ = false;
    }
}

Result<std::vector<BatchJob>> Agent::ask_batch() {
    const std::int64_t asked = now_ms();
    auto jobs = batch_->list();
    const std::int64_t now = now_ms();
    if (!jobs) {
        if (jobs.error().code == Code::no_space) diary_.begin("disk-full", asked, jobs.error().message);
        return jobs;
    }
    std::vector<BatchJob> of_runs;
    for (const BatchJob& job : *jobs)
        if (run_claims_.contains(job.marker)) of_runs.push_back(job);
    diary_.see(of_runs, now);
    if (now - asked >= patience_ms)
        diary_.note("scheduler-silent", asked, now, "the batch system did not answer");
    diary_.keep(now);
    return jobs;
}

Result<SiteReport> Agent::make_report() {
    SiteReport report;
    report.journal = journal_;
    report.orders_seen = orders_seen_;
    EM_ASSIGN(const std::vector<BatchJob> jobs, ask_batch());
    open_claims_ = 0;
    for (const BatchJob& job : jobs) {
        report.claims.push_back(report_of(job));
        const auto run = run_claims_.find(job.marker);
        if (run != run_claims_.end()) {
            RunProgress& told = report.claims.back().run;
            told = runs_.progress(run->second).value_or(RunProgress{});
            const std::vector<RunHappening> seen = diary_.of(job);
            told.happenings.insert(told.happenings.end(), seen.begin(), seen.end());
            tidy(told.happenings);
        }
        if (!job.is_over()) ++open_claims_;
    }
    for (const auto& [claim, words] : refused_) report.claims.push_back(report_of(claim, "refused", words));
    for (const auto& [claim, words] : cancelled_)
        report.claims.push_back(report_of(claim, "cancelled", words));
    return report;
}

Result<Json> Agent::report(const Json& body) {
    const std::int64_t begin = now_ms();
    auto answer = call("/v1/agent/report", body);
    const std::int64_t now = now_ms();
    if (answer) {
        diary_.end("coordinator-away", now);
        if (now - begin >= patience_ms) diary_.note("coordinator-away", begin, now, "no answer");
    } else if (answer.error().code == Code::unavailable) {
        diary_.begin("coordinator-away", begin, answer.error().message);
    }
    return answer;
}

Status Agent::turn() {
    EM_ASSIGN(const SiteReport report, make_report());
    Json body = {{"report", to_json(report)}, {"witnessed", memory_.last.size}};
    if (!is_described_) body["document"] = contract::to_json(config_.document);
    if (!countersignature_.is_null()) body["countersignature"] = countersignature_;
    EM_ASSIGN(const Json answer, this->report(body));
    is_described_ = true;
    countersignature_ = nullptr;
    const auto orders = answer.find("orders");
    if (orders == answer.end()) return fail(Code::corrupted, "the coordinator's answer has no orders");
    EM_ASSIGN(const Orders read, read_orders(*orders));
    EM_TRY(carry_out(read));
    EM_TRY(write_peers(answer));
    EM_TRY(witness_head(answer));
    return send_outputs(answer);
}

// ---- doing -----------------------------------------------------------------------------------------------

Status Agent::carry_out(const Orders& orders) {
    const bool is_mine = orders.journal.empty() || orders.journal == journal_;
    if (!is_mine || orders.as_of <= orders_seen_) return {};
    for (const StartOrder& order : orders.start) {
        if (refused_.contains(order.claim) || cancelled_.contains(order.claim)) continue;
        const Status begun = start(order);
        if (begun) continue;
        // The same order comes again.
        if (!is_final(begun.error())) return fail(begun.error().within("starting " + order.claim));
        logger_->warning("a claim is refused", {{"claim", order.claim}, {"why", begun.error().message}});
        refused_[order.claim] = begun.error().message.substr(0, 500);
        run_claims_.erase(order.claim);
    }
    for (const std::string& claim : orders.cancel) {
        if (refused_.contains(claim)) continue;
        const Status cancelled = batch_->cancel(claim);
        if (!cancelled && cancelled.error().code != Code::not_found) return cancelled;
        // Its start was lost on the way: it did not get lost here.
        if (!cancelled) cancelled_[claim] = "cancelled before its start had come";
    }
    for (const std::string& claim : orders.forget) EM_TRY(forget(claim));
    orders_seen_ = orders.as_of;
    return keep_journal();
}

Result<JobStart> Agent::job_for(const StartOrder& order) {
    const std::vector<std::string>& allowed = config_.document.templates;
    const std::string name = order.spec.template_name.empty() ? "program" : order.spec.template_name;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), name) == allowed.end())
        return fail(Code::refused, "this site starts only: {}", fmt::join(allowed, ", "));
    JobStart job = job_of(order, config_);
    if (order.spec.template_name.empty()) {
        job.files = order.spec.files;
        if (order.spec.image.empty()) return job;
        return containers_.job_within(order.spec.image, std::move(job));
    }
    EM_ASSIGN(const JobStart train, runs_.prepare(order, [this](const Json& asked) {
        return call("/v1/agent/certificate", asked);
    }));
    job.executable = train.executable;
    job.arguments = train.arguments;
    job.directory = train.directory;
    job.warn_ms = train.warn_ms;
    job.resumes = train.resumes;
    return job;
}

Status Agent::start(const StartOrder& order) {
    EM_ASSIGN(const JobStart job, job_for(order));
    if (!order.spec.template_name.empty() && run_claims_.emplace(order.claim, order.job).second)
        EM_TRY(keep_journal());
    const auto begun = batch_->submit(job);
    return begun ? Status{} : Status(fail(begun.error()));
}

// Where the trainers of the other sites listen now.
Status Agent::write_peers(const Json& answer) {
    const Json peers = answer.value("peers", Json::object());
    for (const auto& [claim, addresses] : peers.items()) {
        const auto run = run_claims_.find(claim);
        if (run == run_claims_.end() || !addresses.is_object()) continue;
        std::map<std::string, std::string> by_site;
        for (const auto& [site, address] : addresses.items())
            if (address.is_string()) by_site[site] = address.get<std::string>();
        EM_TRY(runs_.write_peers(run->second, by_site));
    }
    return {};
}

// Who asks later for what it left finds it by this.
Status Agent::forget(const std::string& claim) {
    if (refused_.erase(claim) + cancelled_.erase(claim) > 0) return {};
    for (const JobStream stream : {JobStream::out, JobStream::error}) EM_TRY(keep_output(claim, stream));
    const auto run = run_claims_.find(claim);
    if (run != run_claims_.end())
        EM_TRY(os::write_file_atomically(config_.folder / "output" / (claim + ".run"), run->second));
    EM_TRY(batch_->forget(claim));
    containers_.forget(claim);
    run_claims_.erase(claim);
    return {};
}

// The job of a claim of a federated run; empty: it is none.
std::string Agent::run_of(const std::string& claim) const {
    const auto run = run_claims_.find(claim);
    if (run != run_claims_.end()) return run->second;
    const auto kept = os::read_file(config_.folder / "output" / (claim + ".run"), 256);
    return kept && is_valid_id(*kept) ? *kept : std::string();
}

os::Path Agent::output_file(const std::string& claim, JobStream stream) const {
    return config_.folder / "output" / (claim + (stream == JobStream::out ? ".out" : ".err"));
}

// Its end, where most of what people look for stands.
Status Agent::keep_output(const std::string& claim, JobStream stream) {
    const auto size = batch_->output(claim, stream, 0, 1);
    if (!size) return size.error().code == Code::not_found ? Status{} : Status(fail(size.error()));
    const std::uint64_t from = size->size > output_most ? size->size - output_most : 0;
    EM_ASSIGN(const OutputPart part, batch_->output(claim, stream, from, output_most));
    return os::write_file_atomically(output_file(claim, stream), part.bytes);
}

// ---- watching over the ledger ----------------------------------------------------------------------------

// The key that was in force signed for the one after it; nobody else's word is taken.
Status Agent::follow_rotations(const SignedHead& head, const Json& answer) {
    if (is_signed_by(head, memory_.coordinator)) return {};
    for (const Json& item : answer.value("rotations", Json::array())) {
        EM_ASSIGN(const KeyEvent event, key_event_from(event_type(KeyChange::rotated), item));
        if (event.key != memory_.coordinator) continue;
        auto followed = follow_rotation(memory_, event);
        if (!followed) return fail(followed.error().within("the coordinator's key"));
        memory_ = std::move(*followed);
    }
    return {};
}

Status Agent::witness_head(const Json& answer) {
    const auto head_text = answer.find("head");
    if (head_text == answer.end() || !head_text->is_string()) return {};
    EM_ASSIGN(const SignedHead head, decode_signed_head(head_text->get<std::string>()));
    EM_TRY(follow_rotations(head, answer));
    const TreeHead& last = memory_.last;
    if (head.head.size < last.size || (head.head.size == last.size && head.head.root == last.root)) return {};
    Proof proof;
    for (const Json& item : answer.value("proof", Json::array())) {
        NodeHash hash{};
        if (!item.is_string()) return fail(Code::corrupted, "a proof is a list of texts");
        EM_TRY(from_base64(item.get<std::string>(), hash));
        proof.push_back(hash);
    }
    auto step = witness(memory_, head, proof, config_.site.text(), key_, now_ms());
    if (!step) return fail(step.error().within("the coordinator's ledger"));
    EM_TRY(os::write_file_atomically(config_.folder / "witness.json", encode(step->memory)));
    memory_ = std::move(step->memory);
    const Countersignature& made = step->countersignature;
    countersignature_ = {{"size", memory_.last.size},
                         {"hint", to_hex(made.hint)},
                         {"time_s", made.time_s},
                         {"signature", to_base64(std::span(made.signature))}};
    return {};
}

// ---- output ----------------------------------------------------------------------------------------------

Result<Json> Agent::output_of(const std::string& claim, JobStream stream) {
    const auto whole = batch_->output(claim, stream, 0, 1);
    if (whole) {
        const std::uint64_t from = whole->size > output_sent ? whole->size - output_sent : 0;
        EM_ASSIGN(const OutputPart part, batch_->output(claim, stream, from, output_sent));
        return Json{{"offset", from}, {"size", whole->size}, {"bytes", to_base64(part.bytes)}};
    }
    if (whole.error().code != Code::not_found) return fail(whole.error());
    const auto kept = os::read_file(output_file(claim, stream), output_most);
    if (!kept) return Json{{"offset", 0}, {"size", 0}, {"bytes", ""}};
    const std::size_t from = kept->size() > output_sent ? kept->size() - output_sent : 0;
    return Json{{"offset", from}, {"size", kept->size()}, {"bytes", to_base64(kept->substr(from))}};
}

Status Agent::send_outputs(const Json& answer) {
    for (const Json& item : answer.value("wanted", Json::array())) {
        if (!item.is_string() || !is_valid_id(item.get<std::string>())) continue;
        const std::string claim = item.get<std::string>();
        EM_ASSIGN(Json out, output_of(claim, JobStream::out));
        EM_ASSIGN(Json error, output_of(claim, JobStream::error));
        Json body = {{"claim", claim}, {"out", std::move(out)}, {"error", std::move(error)}};
        if (const std::string run = run_of(claim); !run.empty()) {
            const AgentRuns::Manifests found = runs_.manifests(run, manifests_sent);
            body["manifests"] = {
                {"offset", found.offset}, {"size", found.size}, {"bytes", to_base64(found.bytes)}};
        }
        const auto sent = call("/v1/agent/output", body);
        if (!sent) return fail(sent.error());
    }
    return {};
}

}  // namespace euromesh::federation
