#include "federation/service/happening.hpp"

namespace euromesh::federation {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

class Finder {
  public:
    Finder(const Tables& tables, Happening& made) : tables_(tables), made_(made) {}

    void of_project(const std::string& id) const {
        made_.audience = Audience::project;
        made_.project = id;
    }
    void of_job(const std::string& id) const {
        made_.job = id;
        const JobRecord* job = tables_.job(id);
        if (job != nullptr) of_project(job->project);
    }
    void of_claim(const std::string& id) const {
        const ClaimRecord* claim = tables_.claim(id);
        if (claim != nullptr) of_job(claim->job);
    }
    void of_application(const std::string& id) const {
        const auto found = tables_.applications().find(id);
        if (found != tables_.applications().end()) of_project(found->second.project);
    }
    void of_allocation(const std::string& id) const {
        const AllocationRecord* allocation = tables_.allocation(id);
        if (allocation != nullptr) of_project(allocation->project);
    }
    void of_everybody() const { made_.audience = Audience::everybody; }

  private:
    const Tables& tables_;
    Happening& made_;
};

// What is not named here is for administrators: accounts, projects, keys of idempotency.
void find_audience(const EventData& data, const Finder& find) {
    std::visit(Overloaded{
                   [&](const JobSubmitted& event) { find.of_job(event.job); },
                   [&](const JobCancelAsked& event) { find.of_job(event.job); },
                   [&](const JobDecided& event) { find.of_job(event.job); },
                   [&](const ClaimOffered& event) { find.of_claim(event.claim); },
                   [&](const ClaimAccepted& event) { find.of_claim(event.claim); },
                   [&](const ClaimRefused& event) { find.of_claim(event.claim); },
                   [&](const ClaimStarted& event) { find.of_claim(event.claim); },
                   [&](const ClaimUsed& event) { find.of_claim(event.claim); },
                   [&](const ClaimEnded& event) { find.of_claim(event.claim); },
                   [&](const ClaimLost& event) { find.of_claim(event.claim); },
                   [&](const ClaimDisplaced& event) { find.of_claim(event.claim); },
                   [&](const ApplicationMade& event) { find.of_project(event.application.project); },
                   [&](const ApplicationReviewed& event) { find.of_application(event.application); },
                   [&](const AllocationGranted& event) { find.of_project(event.allocation.project); },
                   [&](const AllocationClawedBack& event) { find.of_allocation(event.allocation); },
                   [&](const AllocationCredited& event) { find.of_allocation(event.allocation); },
                   [&](const DataRegistered& event) { find.of_project(event.data.project); },
                   [&](const FederationFounded&) { find.of_everybody(); },
                   [&](const RulesChanged&) { find.of_everybody(); },
                   [&](const ModeSet&) { find.of_everybody(); },
                   [&](const SiteAdmitted&) { find.of_everybody(); },
                   [&](const SiteDescribed&) { find.of_everybody(); },
                   [&](const SiteStateSet&) { find.of_everybody(); },
                   [&](const auto&) {},
               },
               data);
}

}  // namespace

Happening happening_of(const Event& event, const Tables& tables) {
    Happening made;
    made.seq = event.seq;
    made.type = type_of(event.data);
    made.text = event.text;
    find_audience(event.data, Finder(tables, made));
    return made;
}

}  // namespace euromesh::federation
