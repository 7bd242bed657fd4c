#include "apps/verify/verify.hpp"

#include <algorithm>
#include <set>

#include "apps/verify/replay.hpp"
#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

constexpr std::size_t entry_most = 1u << 20;

class Verification {
  public:
    explicit Verification(Question question) : question_(std::move(question)), reader_(question_.source) {
        std::ranges::sort(question_.trusted, {}, &Note::size);
    }
    Result<Findings> run();

  private:
    Status read_all();
    Status check_entry(const Block& block);
    Status check_event(std::string_view bytes);
    Status check_head(const Block& block);
    Status check_root(const Note& note);
    Status check_growth(const Note& note);
    Status check_countersignatures(const Note& note);
    Status check_last_head(const Note& note);
    Status check_trusted();
    Status check_end();
    Status clear_suspect(const Hash& root);

    // The first difference is kept until the next head says more about it.
    Status differs(const Place& place, std::string what) {
        if (!findings_.first) findings_.first = Difference{place, std::move(what)};
        return fail(Code::corrupted, "the export differs");
    }

    Question question_;
    ExportReader reader_;
    HashTree tree_;         // of the entries' bytes
    HashTree stated_tree_;  // of the hashes that the file names, from the suspect on
    std::optional<Place> suspect_;
    Place after_head_;     // the first entry that no head before covers
    Place after_trusted_;  // the first entry that no trusted head before covers
    Place last_head_;
    KeyTable keys_;
    Replay replay_;
    Findings findings_;
    std::int64_t time_ms_ = 0;         // of the last entry
    std::uint64_t covered_ = 0;        // entries under the last head that held
    std::uint64_t countersigned_ = 0;  // sites, of that head
    std::uint64_t agreed_ = 0;         // entries under the last trusted head that was met
};

Result<Findings> Verification::run() {
    const Status status = read_all();
    findings_.entries = tree_.size();
    findings_.heads = reader_.heads();
    findings_.bytes = reader_.bytes_read();
    // Something else came before a head could say more: the suspect stands first all the same.
    if (suspect_) {
        findings_.first = Difference{
            *suspect_, fmt::format("entry {}: its bytes and the hash beside them do not belong together",
                                   suspect_->entry)};
    }
    if (!status && !findings_.first) return fail(status.error());
    return findings_;
}

Status Verification::read_all() {
    const auto told = [&](const Error& error) -> Status {
        if (error.code != Code::corrupted) return fail(error);
        return differs(reader_.place(), error.message);
    };
    const auto origin = reader_.read_opening();
    if (!origin) return told(origin.error());
    findings_.origin = *origin;
    while (true) {
        const auto block = reader_.next();
        if (!block) return told(block.error());
        if (block->kind == Block::Kind::end) return check_end();
        EM_TRY(block->kind == Block::Kind::entry ? check_entry(*block) : check_head(*block));
    }
}

// An entry that does not have its hash is looked into at the next head: bytes or hash, one of them is right.
Status Verification::check_entry(const Block& block) {
    if (tree_.size() == covered_) after_head_ = block.place;
    if (tree_.size() == agreed_) after_trusted_ = block.place;
    const Hash hash = leaf_hash_of(block.bytes);
    if (hash != block.stated && !suspect_) {
        suspect_ = block.place;
        stated_tree_ = tree_;
    }
    tree_.add(hash);
    if (suspect_) stated_tree_.add(block.stated);
    if (!suspect_) {
        const Status event = check_event(block.bytes);
        if (!event)
            return differs(block.place,
                           fmt::format("entry {}: {}", block.place.entry, event.error().message));
    }
    return check_trusted();
}

Status Verification::check_event(std::string_view bytes) {
    EM_ASSIGN(const Json event, parse_json(bytes, entry_most));
    if (!event.is_object() || event.dump() != bytes) {
        return fail(Code::bad_input, "it is not canonical JSON (no spaces, each key once)");
    }
    EM_ASSIGN(const std::int64_t seq, json_integer(event, "seq", "entry"));
    const std::uint64_t right = tree_.size() - 1;
    if (static_cast<std::uint64_t>(seq) != right)
        return fail(Code::bad_input, "its 'seq' is {}, not {}", seq, right);
    EM_ASSIGN(const std::string type, json_string(event, "type", "entry"));
    const auto data = event.find("data");
    if (data == event.end()) return fail(Code::bad_input, "it has no 'data'");
    EM_TRY(keys_.apply(type, *data));
    EM_ASSIGN(const std::int64_t time_ms, json_integer(event, "time", "entry"));
    EM_ASSIGN(std::string by, json_string(event, "by", "entry"));
    if (time_ms < time_ms_) return fail(Code::bad_input, "its time, {} ms, goes back", time_ms);
    time_ms_ = time_ms;
    return replay_.apply({seq, time_ms, type, std::move(by), &*data});
}

Status Verification::check_head(const Block& block) {
    const auto note = read_note(block.bytes);
    const auto at_block = [&](const Status& status) -> Status {
        if (status) return {};
        return differs(block.place,
                       fmt::format("head of {} entries: {}", block.place.entry, status.error().message));
    };
    if (!note) return at_block(fail(note.error()));
    if (note->size != tree_.size() || note->origin != findings_.origin) {
        return at_block(fail(Code::bad_input, "it speaks of {} entries of '{}', not of {} of '{}'",
                             note->size, note->origin, tree_.size(), findings_.origin));
    }
    const Key* coordinator = keys_.coordinator();
    const bool ours =
        coordinator != nullptr && keys_.origin() == note->origin && log_signature_holds(*note, *coordinator);
    // Of a broken signature the root says nothing about the entries; with a suspect the keys may be wrong.
    if (!suspect_ && !ours) {
        return at_block(
            fail(Code::bad_input, "it is not signed by the coordinator's key that the entries name"));
    }
    EM_TRY(check_root(*note));
    EM_TRY(at_block(check_growth(*note)));
    EM_TRY(at_block(check_countersignatures(*note)));
    covered_ = note->size;
    last_head_ = block.place;
    findings_.last_head = *note;
    return {};
}

// Says which of an entry's bytes and the hash beside them were changed, by a root that is known to be right.
Status Verification::clear_suspect(const Hash& root) {
    if (!suspect_) return {};
    const Place place = *suspect_;
    suspect_.reset();
    const char* verdict =
        "its bytes and the hash beside them do not belong together, and the next head fits neither";
    if (stated_tree_.root() == root)
        verdict = "its bytes were changed: the next head fits the hash beside them";
    if (tree_.root() == root) verdict = "the hash beside it was changed: the next head fits its bytes";
    return differs(place, fmt::format("entry {}: {}", place.entry, verdict));
}

Status Verification::check_root(const Note& note) {
    EM_TRY(clear_suspect(note.root));
    if (tree_.root() == note.root) return {};
    return differs(after_head_,
                   fmt::format("one of the entries {} to {} is not what was signed: the head of {} "
                               "entries has another root",
                               covered_, tree_.size() - 1, note.size));
}

Status Verification::check_growth(const Note& note) {
    if (!findings_.last_head) return {};
    const Note& before = *findings_.last_head;
    if (note.time_ms >= before.time_ms && (note.size > before.size || note.time_ms > before.time_ms))
        return {};
    return fail(Code::bad_input,
                "its time, {} ms, does not follow the {} ms of the head of {} entries before it",
                note.time_ms, before.time_ms, before.size);
}

Status Verification::check_countersignatures(const Note& note) {
    std::set<Key> counted;
    for (const NoteSignature& one : note.sites) {
        const Key* key = keys_.site(one.name);
        if (key == nullptr || !countersignature_holds(note, one, *key)) {
            return fail(Code::bad_input, "the countersignature of '{}' does not hold", one.name);
        }
        counted.insert(*key);
    }
    countersigned_ = counted.size();
    return {};
}

// The last head stands for all before it: whoever signed that one vouches for every entry.
Status Verification::check_last_head(const Note& note) {
    if (countersigned_ < question_.needs) {
        return fail(Code::bad_input, "it has the countersignatures of {} sites, {} are needed",
                    countersigned_, question_.needs);
    }
    if (!question_.known) return {};
    const KnownKeys& known = *question_.known;
    if (!known.coordinators.contains(*keys_.coordinator())) {
        return fail(Code::bad_input, "the key of the coordinator, {}, is none of those that are known",
                    hex_of(*keys_.coordinator()));
    }
    std::set<Key> counted;
    for (const NoteSignature& one : note.sites) {
        const auto site = known.sites.find(one.name);
        if (site != known.sites.end() && site->second.contains(*keys_.site(one.name))) {
            counted.insert(*keys_.site(one.name));
        }
    }
    if (counted.size() >= question_.needs) return {};
    return fail(Code::bad_input, "it has the countersignatures of {} known sites, {} are needed",
                counted.size(), question_.needs);
}

// Trusted heads are in the order of their sizes.
Status Verification::check_trusted() {
    while (findings_.trusted_met < question_.trusted.size()) {
        const Note& trusted = question_.trusted[findings_.trusted_met];
        if (trusted.size > tree_.size()) return {};
        EM_TRY(clear_suspect(trusted.root));
        if (trusted.root != tree_.root()) {
            return differs(after_trusted_,
                           fmt::format("one of the entries {} to {} is not what the trusted head of {} "
                                       "entries stands for",
                                       agreed_, trusted.size - 1, trusted.size));
        }
        ++findings_.trusted_met;
        agreed_ = trusted.size;
    }
    return {};
}

Status Verification::check_end() {
    if (!findings_.last_head || covered_ != tree_.size()) {
        return differs(after_head_,
                       fmt::format("the entries from {} on stand under no signed head", covered_));
    }
    if (const Status last = check_last_head(*findings_.last_head); !last) {
        return differs(last_head_, fmt::format("head of {} entries: {}", covered_, last.error().message));
    }
    for (const Note& trusted : question_.trusted) {
        if (trusted.origin != findings_.origin) {
            return differs({}, fmt::format("this is the ledger of '{}', the trusted head is of '{}'",
                                           findings_.origin, trusted.origin));
        }
    }
    if (findings_.trusted_met == question_.trusted.size()) return {};
    const std::uint64_t size = question_.trusted.back().size;
    return differs(reader_.place(),
                   fmt::format("the entries {} to {}, which a trusted head covers, are missing", tree_.size(),
                               size - 1));
}

}  // namespace

Result<Findings> verify(Question question) {
    return Verification(std::move(question)).run();
}

}  // namespace euromesh::verify
