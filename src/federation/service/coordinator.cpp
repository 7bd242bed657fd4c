#include "federation/service/coordinator.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "federation/service/kept_heads.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t replay_entries = 4096, replay_bytes = 16u << 20;
constexpr std::size_t heads_most = 64;
constexpr const char* heads_document = "heads";
constexpr Nanoseconds shortest_pause = std::chrono::milliseconds(5);
constexpr Nanoseconds longest_pause = std::chrono::milliseconds(200);
const Actor the_coordinator{.account = "coordinator", .name = {}, .groups = {}, .scopes = {}, .site = {}};

// The core's state, then the tree's, with the length of the first in front.
std::string snapshot_text(const TablesImage& image, const std::string& tree) {
    std::string text = image.text();
    text.insert(0, fmt::format("{}\n", text.size()));
    return text += tree;
}

Error log_is_closed() {
    return {Code::unavailable, "the coordinator cannot write its log; try again later"};
}

struct Restored {
    Core core;
    MerkleTree tree;
};

Result<Restored> restore(std::string_view text) {
    const std::size_t line = text.find('\n');
    std::size_t length = 0;
    const char* begin = text.data();
    const bool is_number = line != std::string_view::npos && line > 0 &&
                           std::from_chars(begin, begin + line, length).ptr == begin + line;
    if (!is_number || length > text.size() - line - 1)
        return fail(Code::corrupted, "the snapshot does not begin with its length");
    EM_ASSIGN(Core core, Core::restore(text.substr(line + 1, length)));
    EM_ASSIGN(MerkleTree tree, MerkleTree::restore(text.substr(line + 1 + length)));
    if (tree.size() != static_cast<std::uint64_t>(core.tables().next_seq()))
        return fail(Code::corrupted, "the snapshot's tree and its state are of different sizes");
    return Restored{std::move(core), std::move(tree)};
}

}  // namespace

std::int64_t next_round_size(std::int64_t size, Nanoseconds took, Nanoseconds may) {
    if (took > may) return std::max(round_least, size / 2);
    if (took < may / 2) return std::min(round_most, size + size / 4);
    return size;
}

Coordinator::Coordinator(SigningKey key, const Clock& clock, const Logger& logger, CoordinatorOptions options)
    : key_(std::move(key)), clock_(clock), logger_(logger), options_(std::move(options)) {}

Result<std::unique_ptr<Coordinator>> Coordinator::open(std::unique_ptr<LogStore> writing,
                                                       std::unique_ptr<LogStore> reading, SigningKey key,
                                                       const Clock& clock, const Logger& logger,
                                                       CoordinatorOptions options) {
    EM_TRY(writing->acquire_lead(options.holder));
    std::unique_ptr<Coordinator> made(new Coordinator(std::move(key), clock, logger, std::move(options)));
    EM_TRY(made->replay(*writing));
    made->reading_ = std::move(reading);
    made->writer_ =
        std::make_unique<LogWriter>(std::move(writing), made->tree_.size(), made->options_.writer);
    made->decider_ =
        os::Thread([self = made.get()](const std::stop_token& stop) { self->decide_until(stop); });
    made->thread_ = os::Thread([self = made.get()](const std::stop_token& stop) { self->work_until(stop); });
    return made;
}

Coordinator::~Coordinator() {
    thread_.request_stop();
    turn_.notify_all();
    thread_ = os::Thread();  // joins
    snapshotter_ = os::Thread();
    decider_.request_stop();
    decider_ = os::Thread();
    // What was handed in is written and answered; the answers still reach for the writer meanwhile, which
    // reset() would hide from them.
    delete writer_.get();
    (void)writer_.release();
}

// A site's key counts for heads that hold its admission, or the change that put it into force.
void Coordinator::note_site_keys() {
    const auto& sites = core_.tables().sites();
    const std::size_t changes = core_.tables().federation().key_changes.size();
    if (site_keys_.size() == sites.size() && key_changes_ == changes) return;
    key_changes_ = changes;
    for (const auto& [id, site] : sites) {
        SiteKey& known = site_keys_[id];
        if (known.from == 0 || known.key != site.public_key) known = {site.public_key, tree_.size()};
    }
}

// Its key may have been replaced; whoever has the new one signs from then on.
bool Coordinator::may_sign() const {
    return core_.tables().federation().coordinator_key == to_hex(key_.public_key());
}

// What was signed must be what the log still says.
Status Coordinator::check_heads() const {
    for (const SignedHead& signed_head : heads_) {
        const TreeHead& head = signed_head.head;
        if (head.size > tree_.size())
            return fail(Code::corrupted, "a head of {} entries was signed, and the log has {}", head.size,
                        tree_.size());
        if (tree_.root_at(head.size) != head.root)
            return fail(Code::corrupted, "the first {} entries are not those that were signed", head.size);
    }
    return {};
}

Status Coordinator::replay(LogStore& store) {
    EM_ASSIGN(const std::optional<Snapshot> snapshot, store.latest_snapshot());
    if (snapshot) {
        auto restored = restore(snapshot->bytes);
        if (!restored) return fail(restored.error().within(fmt::format("snapshot at {}", snapshot->at)));
        core_ = std::move(restored->core);
        tree_ = std::move(restored->tree);
        snapshot_at_ = snapshot->at;
        note_site_keys();
    }
    for (;;) {
        EM_ASSIGN(const std::vector<std::string> entries,
                  store.read(tree_.size(), replay_entries, replay_bytes));
        if (entries.empty()) break;
        for (const std::string& entry : entries) {
            const Status applied = core_.replay(entry);
            if (!applied) return fail(applied.error().within(fmt::format("entry {}", tree_.size())));
            tree_.append_entry(entry);
            note_site_keys();
        }
    }
    EM_ASSIGN(const std::optional<std::string> heads, store.get_document(heads_document));
    if (heads) {
        EM_ASSIGN(heads_, read_kept_heads(*heads, document_most_bytes));
        EM_TRY(check_heads());
    }
    const std::string own = to_hex(key_.public_key());
    if (core_.tables().founded() && core_.tables().federation().coordinator_key != own)
        return fail(Code::refused, "{}: the log is of a coordinator with another key", store.place());
    return {};
}

std::int64_t Coordinator::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall()).count();
}

void Coordinator::on_event(Listener listener) {
    const std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(std::move(listener));
}

void Coordinator::tell(const std::vector<Happening>& happened) {
    const std::lock_guard lock(listeners_mutex_);
    for (const Happening& one : happened) {
        for (const Listener& listener : listeners_) listener(one);
    }
}

// deciding_ is held. What is handed in is applied at once: the next command builds upon it.
Status Coordinator::hand_in(const Outcome& outcome, LogWriter::Done done) {
    std::vector<std::string> texts;
    for (const Event& event : outcome.events) texts.push_back(event.text);
    auto happened = std::make_shared<std::vector<Happening>>();
    const std::unique_lock changing(mutex_);
    EM_TRY(writer_->hand_in(tree_.size(), std::move(texts),
                            [this, happened, done = std::move(done)](const Status& written) {
                                if (written) {
                                    // Filled in under the lock, which is taken here so that it is done.
                                    { const std::shared_lock lock(mutex_); }
                                    tell(*happened);
                                }
                                done(written);
                            }));
    for (const Event& event : outcome.events) {
        const Status applied = core_.apply(event);
        EM_ASSERT(applied.has_value(), "the core takes its own events");
        tree_.append_entry(event.text);
        note_site_keys();
        happened->push_back(happening_of(event, core_.tables()));
    }
    return {};
}

// What rests on earlier events waits for them, too.
void Coordinator::run_after_durable(std::function<void()> task) {
    writer_->run([task = std::move(task)](LogStore&) { task(); });
}

void Coordinator::execute(Command command, Answer answer) {
    {
        const std::lock_guard lock(undecided_mutex_);
        if (undecided_.size() < options_.most_undecided) {
            undecided_.push_back({std::move(command), std::move(answer)});
            undecided_changed_.notify_one();
            return;
        }
    }
    answer(fail(Code::unavailable, "the coordinator has {} commands to decide; try again in a moment",
                options_.most_undecided));
}

// What is there when it is told to stop is decided first.
void Coordinator::decide_until(const std::stop_token& stop) {
    std::deque<Undecided> taken;
    for (;;) {
        {
            std::unique_lock lock(undecided_mutex_);
            if (!undecided_changed_.wait(lock, stop, [this] { return !undecided_.empty(); })) return;
            taken.swap(undecided_);
        }
        for (Undecided& one : taken) decide(one.command, std::move(one.answer));
        taken.clear();
    }
}

void Coordinator::decide(const Command& command, Answer answer) {
    std::unique_lock lock(deciding_);
    Result<Outcome> outcome = core_.handle(command, now_ms());
    if (!outcome) {
        lock.unlock();
        return answer(fail(outcome.error()));
    }
    auto shared = std::make_shared<Answer>(std::move(answer));
    auto done = [this, shared, document = std::move(outcome->answer)](const Status& written) {
        if (written) return (*shared)(document);
        logger_.write(LogLevel::error, "the log failed", {{"error", written.error().message}});
        (*shared)(fail(log_is_closed()));
    };
    if (outcome->events.empty()) {
        lock.unlock();
        return run_after_durable([this, done] {
            const auto failure = writer_->failure();
            done(failure ? Status(fail(*failure)) : Status{});
        });
    }
    const Status handed_in = hand_in(*outcome, done);
    lock.unlock();
    // The failure itself is for the log: it tells of the store, and its code would be taken for the
    // command's.
    if (!handed_in) return (*shared)(fail(is_failed() ? log_is_closed() : handed_in.error()));
    const std::lock_guard turn(turn_mutex_);
    if (!std::exchange(has_news_, true)) turn_.notify_all();
}

void Coordinator::report(const Actor& site, const SiteReport& told,
                         std::function<void(Result<Orders>)> answer) {
    execute({site, told}, [this, site = site.site, told, answer = std::move(answer)](Result<Json> taken) {
        if (!taken) return answer(fail(taken.error()));
        Orders orders = read([&](const Core& core) { return core.orders_for(site, told); });
        const auto as_of = static_cast<std::uint64_t>(std::max<std::int64_t>(orders.as_of, 0));
        if (durable() >= as_of) return answer(std::move(orders));
        run_after_durable([this, orders = std::move(orders), answer] {
            if (is_failed()) return answer(fail(log_is_closed()));
            answer(orders);
        });
    });
}

Result<std::vector<std::string>> Coordinator::entries(std::uint64_t first, std::size_t most) const {
    const std::lock_guard lock(reading_mutex_);
    return reading_->read(first, most, replay_bytes);
}

Result<Proof> Coordinator::inclusion_proof(std::uint64_t index, std::uint64_t size) const {
    const std::shared_lock lock(mutex_);
    return tree_.inclusion_proof(index, size);
}

Result<Proof> Coordinator::consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const {
    const std::shared_lock lock(mutex_);
    return tree_.consistency_proof(old_size, new_size);
}

std::vector<SignedHead> Coordinator::heads() const {
    const std::shared_lock lock(mutex_);
    return {heads_.begin(), heads_.end()};
}

Status Coordinator::countersign(std::uint64_t size, Countersignature countersignature) {
    const std::unique_lock lock(mutex_);
    const auto found = std::find_if(heads_.begin(), heads_.end(),
                                    [&](const SignedHead& head) { return head.head.size == size; });
    if (found == heads_.end()) return fail(Code::not_found, "no recent head of {} entries", size);
    const auto known = site_keys_.find(countersignature.site);
    if (known != site_keys_.end() && size < known->second.from)
        return fail(Code::refused, "site {} was admitted after that head", countersignature.site);
    const SiteRecord* site = core_.tables().site(countersignature.site);
    PublicKey key{};
    if (site == nullptr || !from_hex(site->public_key, key))
        return fail(Code::refused, "site '{}' has no key here", countersignature.site.substr(0, 64));
    if (!is_countersigned_by(found->head, countersignature, key))
        return fail(Code::refused, "the countersignature of site {} does not hold", countersignature.site);
    add_countersignature(*found, std::move(countersignature));
    heads_changed_ = true;
    return {};
}

// ---- what time brings about ------------------------------------------------------------------------------

void Coordinator::work_until(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(turn_mutex_);
            turn_.wait_for(lock, stop, longest_pause, [this] { return has_news_; });
            // News of many commands at once: it is not woken by each.
            turn_.wait_for(lock, stop, shortest_pause, [] { return false; });
            has_news_ = false;
        }
        if (!stop.stop_requested() && !is_failed()) take_turn();
    }
}

void Coordinator::take_turn() {
    const Nanoseconds now = clock_.monotonic();
    const auto [epoch, waits] = read([](const Core& core) {
        return std::pair(core.tables().placement_epoch(), !core.tables().waiting().empty());
    });
    const bool is_due = epoch != planned_epoch_ || now - planned_ >= options_.plan_every;
    if (waits && is_due && now >= rested_) {
        planned_ = now;
        planned_epoch_ = epoch;
        plan();
    }
    if (now - expired_ >= options_.expire_every) {
        expired_ = now;
        expire();
    }
    if (now - signed_ >= options_.head_every) {
        signed_ = now;
        sign_head();
    }
    take_snapshot();
}

void Coordinator::plan() {
    const Nanoseconds began = clock_.monotonic();
    decide({the_coordinator, Plan{round_size_}}, [this](const Result<Json>& planned) {
        if (!planned) logger_.warning("no placement round", {{"error", planned.error().message}});
    });
    const Nanoseconds took = clock_.monotonic() - began;
    round_size_ = next_round_size(round_size_, took, options_.round_time);
    rested_ = began + took + took * options_.round_rest;
}

void Coordinator::expire() {
    if (!read([](const Core& core) { return core.tables().founded(); })) return;
    decide({the_coordinator, Expire{}}, [this](const Result<Json>& expired) {
        if (!expired) logger_.warning("nothing expired", {{"error", expired.error().message}});
    });
}

// Only what is durable is signed: a head outlives everything.
void Coordinator::sign_head() {
    const std::uint64_t size = durable();
    const std::unique_lock lock(mutex_);
    if (size > 0 && may_sign() && (heads_.empty() || heads_.back().head.size != size)) {
        // Sites refuse a head that is older than the one before; the clock may have gone back.
        const std::int64_t before_ms = heads_.empty() ? 0 : heads_.back().head.time_ms;
        const TreeHead head{core_.tables().federation().name, size, tree_.root_at(size),
                            std::max(now_ms(), before_ms)};
        heads_.push_back(federation::sign_head(head, key_));
        if (heads_.size() > heads_most) heads_.pop_front();
        heads_changed_ = true;
    }
    if (!std::exchange(heads_changed_, false)) return;
    writer_->run([this, text = kept_heads_text(heads_, document_most_bytes)](LogStore& store) {
        const Status kept = store.put_document(heads_document, text);
        if (!kept) logger_.warning("heads are not kept", {{"error", kept.error().message}});
    });
}

// No more often than that each event pays for a record or two, however many there are.
bool Coordinator::is_snapshot_due() const {
    const std::uint64_t records = core_.tables().jobs().size() + core_.tables().claims().size();
    return tree_.size() - snapshot_at_ >= std::max<std::uint64_t>(options_.snapshot_every, records / 2);
}

// Commands wait while the image is taken, not while it is written down; nor does anything else wait for that.
void Coordinator::take_snapshot() {
    if (is_keeping_snapshot_.load()) return;
    auto keeping = std::make_shared<SnapshotKeeping>();
    {
        const std::lock_guard lock(deciding_);
        if (!is_snapshot_due()) return;
        const Nanoseconds began = clock_.monotonic();
        keeping->at = tree_.size();
        keeping->image = core_.tables().image();
        keeping->tree = tree_.snapshot();
        keeping->held = clock_.monotonic() - began;
    }
    snapshot_at_ = keeping->at;
    is_keeping_snapshot_ = true;
    snapshotter_ = os::Thread([this, keeping] { write_snapshot(keeping); });
}

void Coordinator::write_snapshot(const std::shared_ptr<SnapshotKeeping>& keeping) {
    os::give_way();
    const Nanoseconds began = clock_.monotonic();
    keeping->bytes = snapshot_text(keeping->image, keeping->tree);
    keeping->image = {};  // from here on records need no second copy
    keeping->digest = sha256(keeping->bytes);
    logger_.info("snapshot", {{"entries", keeping->at},
                              {"bytes", keeping->bytes.size()},
                              {"us", (clock_.monotonic() - began).count() / 1000},
                              {"held_us", keeping->held.count() / 1000}});
    keep_snapshot(keeping);
}

// One part, then what has gathered meanwhile, then the next.
void Coordinator::keep_snapshot(const std::shared_ptr<SnapshotKeeping>& keeping) {
    writer_->run([this, keeping](LogStore& store) {
        const std::string_view bytes = keeping->bytes;
        const bool is_last = keeping->part == snapshot_parts(bytes.size());
        const Status kept = is_last
                                ? store.finish_snapshot(keeping->at, bytes.size(), keeping->digest)
                                : store.put_snapshot_part(
                                      keeping->at, keeping->part,
                                      bytes.substr(keeping->part * snapshot_part_bytes, snapshot_part_bytes));
        ++keeping->part;
        if (!kept) logger_.warning("no snapshot", {{"error", kept.error().message}});
        if (kept && !is_last) return keep_snapshot(keeping);
        is_keeping_snapshot_ = false;
    });
}

}  // namespace euromesh::federation
