// What a simulated site keeps when its process dies: one chain of manifests and the newest checkpoint.
//
// The rules are those of sync/manifest_file.hpp: an append is durable before it returns; a chain that does
// not follow from what the file holds sets the file aside. A full disk fails the next write, whichever it
// is; then there is room again (somebody has seen to it before the site comes back). One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/observer.hpp"

namespace euromesh::sim {

struct Checkpoint {
    sync::Position position;
    SharedState state;
};

class SimDisk {
  public:
    // A life begins at this position.
    Status open(const sync::Position& position) { return continue_from(position, ""); }
    Status append(const std::string& line);
    Status continue_from(const sync::Position& position, const std::string& last_line);
    Status save(Checkpoint checkpoint);

    const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }
    // The file that is written to and those set aside, those that hold lines.
    std::vector<std::string> files() const;

    void fill() { full_ = true; }
    void make_room() { full_ = false; }
    // All is lost: another disk.
    void replace() { *this = SimDisk(); }

  private:
    Status room();
    void set_aside();

    std::string text_;
    std::string head_;  // chain digest of the last line; empty: no line
    std::vector<std::string> aside_;
    std::optional<Checkpoint> checkpoint_;
    bool full_ = false;
};

}  // namespace euromesh::sim
