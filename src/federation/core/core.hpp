// The deterministic coordinator: commands and time come in, events and answers go out.
//
//   auto outcome = core.handle(command, now_ms);   // decides; nothing has changed
//   store.append(outcome->events)                  // durable
//   core.apply(outcome->events)                    // the tables follow
//
// The service may apply before the events are durable (group commit) as long as it gives out no answer and no
// orders before they are, and throws the core away (replay) when an append failed. No I/O, no clock, no
// threads; the same events give the same state and the same command the same outcome. Not thread-safe:
// handle() and the views are const, apply() is not. It keeps no secrets: what it holds is in the log.
#pragma once

#include <memory>
#include <span>

#include "federation/core/commands.hpp"
#include "federation/core/tables.hpp"

namespace euromesh::federation {

class LawBook;

class Core {
  public:
    Core();
    ~Core();
    Core(Core&&) noexcept;
    Core& operator=(Core&&) noexcept;

    // bad_input, not_found, conflict, refused: as the message says; then nothing happened. Time never goes
    // back: an earlier now_ms counts as the last event's.
    Result<Outcome> handle(const Command& command, std::int64_t now_ms) const;
    // corrupted: the event does not fit.
    Status apply(const Event& event);
    Status apply(std::span<const Event> events);
    // handle(), then apply() of its events.
    Result<Outcome> execute(const Command& command, std::int64_t now_ms);

    // The log, from the first entry or from where a snapshot ends.
    Status replay(std::string_view entry);
    std::string snapshot() const { return tables_.snapshot(); }
    static Result<Core> restore(std::string_view snapshot);
    std::string digest() const { return tables_.digest(); }

    const Tables& tables() const { return tables_; }
    // Rules as compiled; follows the tables.
    const LawBook& law() const { return *law_; }

    // Everything that the agent of a site shall do now. `report` is what it has just told: what is over is
    // forgotten.
    Orders orders_for(const std::string& site, const SiteReport& report) const;

  private:
    StartOrder start_order(const ClaimRecord& claim) const;

    Tables tables_;
    std::shared_ptr<const LawBook> law_;
};

// What holders of keys sign for ChangeRules and SetMode: begins with words that no other message begins with.
std::string rules_message(const FederationRecord& federation, const std::string& new_digest);
std::string mode_message(const FederationRecord& federation, const SetMode& ask);

}  // namespace euromesh::federation
