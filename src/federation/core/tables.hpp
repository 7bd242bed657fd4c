// The coordinator's state: what all events together have made of it.
//
// apply() is the only way to change it, so replaying the log rebuilds it byte for byte (digest()). It asserts
// what must never break: used + held + left = granted and none below zero at every event, a claim's states
// only go forward, a claim ends once. A log from outside is checked before: apply() returns corrupted for an
// event that does not fit. Not thread-safe: one writer, readers excluded by the owner. It decides nothing:
// core.hpp.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "federation/core/events.hpp"
#include "federation/core/record_table.hpp"
#include "federation/placement/fair_share.hpp"

namespace euromesh::federation {

// The records of a moment, for a snapshot. Shares jobs, claims and keys with the tables (record_table.hpp).
class TablesImage {
  public:
    std::string text() const;

  private:
    friend class Tables;
    std::int64_t next_seq_ = 0;
    std::int64_t time_ms_ = 0;
    FederationRecord federation_;
    std::map<std::string, SiteRecord> sites_;
    std::map<std::string, AccountRecord> accounts_;
    std::map<std::string, ProjectRecord> projects_;
    std::map<std::string, DataRecord> data_;
    std::map<std::string, ApplicationRecord> applications_;
    std::map<std::string, AllocationRecord> allocations_;
    RecordTable<JobRecord>::Image jobs_;
    RecordTable<ClaimRecord>::Image claims_;
    RecordTable<KeyRecord>::Image keys_;
    std::vector<FadingUse> use_of_owners_;
    std::vector<FadingUse> use_of_projects_;
};

class Tables {
  public:
    // corrupted: the event does not fit the state (wrong seq, unknown id, impossible step); the state is
    // unchanged but for nothing the caller may rely on: stop and restore.
    Status apply(const Event& event);

    std::int64_t next_seq() const { return next_seq_; }
    std::int64_t time_ms() const { return time_ms_; }
    bool founded() const { return next_seq_ > 0; }

    const FederationRecord& federation() const { return federation_; }
    // The mode at a moment: emergency ends by itself.
    std::string mode_at(std::int64_t now_ms) const;

    const std::map<std::string, SiteRecord>& sites() const { return sites_; }
    const std::map<std::string, AccountRecord>& accounts() const { return accounts_; }
    const std::map<std::string, ProjectRecord>& projects() const { return projects_; }
    const std::map<std::string, DataRecord>& data() const { return data_; }
    const std::map<std::string, ApplicationRecord>& applications() const { return applications_; }
    const std::map<std::string, AllocationRecord>& allocations() const { return allocations_; }
    const RecordTable<JobRecord>& jobs() const { return jobs_; }
    const RecordTable<ClaimRecord>& claims() const { return claims_; }

    // The public key in force, hexadecimal; nullptr: none. `role`: coordinator, site or board.
    const std::string* key_in_force(std::string_view role, const std::string& name) const;

    // nullptr: there is none. O(1) for jobs and claims.
    const SiteRecord* site(const std::string& id) const;
    const ProjectRecord* project(const std::string& id) const;
    const AllocationRecord* allocation(const std::string& id) const;
    const JobRecord* job(const std::string& id) const;
    const ClaimRecord* claim(const std::string& id) const;
    const KeyRecord* key(const std::string& account, const std::string& key) const;

    // Numbers of jobs that wait for a place, oldest first.
    const std::set<std::int64_t>& waiting() const { return waiting_; }
    // The same by class and project; in each what was displaced first, then oldest first. None is empty.
    struct WaitingJob {
        bool displaced = false;
        std::int64_t number = 0;
        bool operator<(const WaitingJob& other) const {
            return displaced != other.displaced ? displaced : number < other.number;
        }
    };
    using Turn = std::pair<WorkClass, std::string>;
    const std::map<Turn, std::set<WaitingJob>>& waiting_by_turn() const { return waiting_by_turn_; }
    // What was charged and not credited, fading; by owner of the allocation, and by project.
    const FairShareTable& use_of_owners() const { return use_of_owners_; }
    const FairShareTable& use_of_projects() const { return use_of_projects_; }
    // An end by which a claim's work is lost to a displacement, its own or that of its run.
    bool is_repaid(const ClaimRecord& claim) const;
    // Claims at a site that are not over.
    const std::set<std::string>& open_claims(const std::string& site) const;
    // Numbers of a project's jobs.
    const std::set<std::int64_t>& jobs_of(const std::string& project) const;
    // Ids of a project's allocations.
    const std::set<std::string>& allocations_of(const std::string& project) const;
    // Whether there is something for RecordsPruned.
    bool has_older(std::int64_t jobs_before_ms, std::int64_t keys_before_ms) const;
    // All but about so many finished jobs ended before this moment; 0: there are no more than that.
    std::int64_t jobs_end_before(std::int64_t keep) const;
    // Counts what a placement round depends on: a round with the same number gives nothing new but by time.
    std::int64_t placement_epoch() const { return placement_epoch_; }

    // What snapshot() needs, at a few hundred nanoseconds a record: the text is made elsewhere, later.
    TablesImage image() const;
    // One line of JSON per record, in fixed order; restore() takes it back. The log from next_seq() on is
    // applied after.
    std::string snapshot() const { return image().text(); }
    static Result<Tables> restore(std::string_view snapshot);
    // SHA-256 over snapshot(), hexadecimal.
    std::string digest() const;

  private:
    Status on(const Event&, const FederationFounded& data);
    Status on(const Event&, const RulesChanged& data);
    Status on(const Event&, const ModeSet& data);
    Status on(const Event&, const KeyRotated& data);
    Status on(const Event&, const KeyRevoked& data);
    Status change_key(const KeyChangeRecord& change);
    Status on(const Event&, const SiteAdmitted& data);
    Status on(const Event&, const SiteDescribed& data);
    Status on(const Event& event, const SiteStateSet& data);
    Status on(const Event&, const SiteJournalOpened& data);
    Status on(const Event& event, const AccountSeen& data);
    Status on(const Event&, const ProjectSet& data);
    Status on(const Event&, const DataRegistered& data);
    Status on(const Event&, const ApplicationMade& data);
    Status on(const Event& event, const ApplicationReviewed& data);
    Status on(const Event&, const AllocationGranted& data);
    Status on(const Event&, const AllocationClawedBack& data);
    Status on(const Event& event, const JobSubmitted& data);
    Status on(const Event& event, const JobCancelAsked& data);
    Status on(const Event& event, const JobDecided& data);
    Status on(const Event& event, const ClaimOffered& data);
    Status on(const Event&, const ClaimAccepted& data);
    Status on(const Event& event, const ClaimRefused& data);
    Status on(const Event& event, const ClaimStarted& data);
    Status on(const Event&, const ClaimUsed& data);
    Status on(const Event& event, const ClaimEnded& data);
    Status on(const Event& event, const ClaimLost& data);
    Status on(const Event& event, const ClaimDisplaced& data);
    Status on(const Event&, const AllocationCredited& data);
    Status on(const Event& event, const RecordsPruned& data);

    Result<ClaimRecord*> open_claim(const std::string& id);
    Status add_claim(const Event& event, const JobDecided& decision, const ClaimDecided& data);
    // Takes `charged` of what is held, gives the rest back.
    void pay(ClaimRecord& claim, std::int64_t charged);
    void note_use(const Event& event, const ClaimRecord& claim);
    Status end_claim(const Event& event, ClaimRecord& claim, std::string state, std::int64_t charged);
    void cancel_open_claims(JobRecord& job);
    // What the claims of its newest attempt make of a job.
    Status settle_job(const Event& event, const std::string& id);
    void set_state(const Event& event, JobRecord& job, std::string state, std::string words = {});
    void index(const JobRecord& job);
    void start_waiting(const JobRecord& job);
    void stop_waiting(const JobRecord& job);
    void take_half_life();
    void prune_job(const std::string& id);
    Status restore_line(const Json& line);
    Status check_links() const;

    std::int64_t next_seq_ = 0;
    std::int64_t time_ms_ = 0;
    std::int64_t placement_epoch_ = 0;
    FederationRecord federation_;
    std::map<std::string, SiteRecord> sites_;
    std::map<std::string, AccountRecord> accounts_;
    std::map<std::string, ProjectRecord> projects_;
    std::map<std::string, DataRecord> data_;
    std::map<std::string, ApplicationRecord> applications_;
    std::map<std::string, AllocationRecord> allocations_;
    RecordTable<JobRecord> jobs_;
    RecordTable<ClaimRecord> claims_;
    RecordTable<KeyRecord> keys_;  // by account and key
    std::set<std::pair<std::int64_t, std::string>> keys_by_time_;
    std::set<std::pair<std::int64_t, std::string>> over_by_time_;  // jobs
    std::set<std::int64_t> waiting_;
    std::map<Turn, std::set<WaitingJob>> waiting_by_turn_;
    FairShareTable use_of_owners_{1};
    FairShareTable use_of_projects_{1};
    std::map<std::string, std::set<std::string>> open_claims_;
    std::map<std::string, std::set<std::int64_t>> jobs_by_project_;
    std::map<std::string, std::set<std::string>> allocations_by_project_;
};

}  // namespace euromesh::federation
