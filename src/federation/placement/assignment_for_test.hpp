// Random small assignment problems, and their optimum by COIN-OR CBC: an oracle that shares no code with
// ours.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "base/os/file.hpp"
#include "base/os/process.hpp"
#include "base/random.hpp"
#include "federation/placement/assignment.hpp"

namespace euromesh::federation {

struct RandomProblem {
    std::size_t items = 10;
    std::size_t shapes = 10;
    std::size_t resources = 6;
    double tightness = 0.6;  // capacity as a part of what is asked for
};

inline AssignmentProblem random_problem(std::uint64_t seed, const RandomProblem& of) {
    Random random(seed);
    const auto between = [&random](std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most - least + 1)));
    };
    AssignmentProblem problem;
    std::vector<std::int64_t> sizes;
    for (std::size_t s = 0; s < of.shapes; ++s) sizes.push_back(std::int64_t{1} << between(0, 4));
    std::int64_t asked = 0;
    for (std::size_t i = 0; i < of.items; ++i) {
        const auto shape = static_cast<std::uint32_t>(random.below(of.shapes));
        problem.items.push_back({.shape = shape,
                                 .unplaced = sizes[shape] * between(800, 1600),
                                 .urgency = static_cast<std::int64_t>(i)});
        asked += sizes[shape];
    }
    const double each = static_cast<double>(asked) * of.tightness / static_cast<double>(of.resources);
    for (std::size_t r = 0; r < of.resources; ++r) {
        problem.capacity.push_back(std::max<std::int64_t>(1, std::llround(each * (0.5 + random.uniform()))));
    }
    for (const std::int64_t gpus : sizes) {
        std::vector<AssignmentOption> options;
        for (std::size_t r = 0; r < of.resources; ++r) {
            if (random.uniform() < 0.3) continue;
            const auto piece = static_cast<std::uint32_t>(problem.pieces.size());
            const auto count = static_cast<std::uint32_t>(
                between(1, std::min<std::int64_t>(2, static_cast<std::int64_t>(of.resources - r))));
            const auto first = problem.capacity.begin() + static_cast<std::ptrdiff_t>(r);
            if (*std::min_element(first, first + count) < gpus) continue;
            problem.pieces.push_back({static_cast<std::uint32_t>(r), count, gpus});
            options.push_back({gpus * between(100, 1000), piece, piece + 1});
        }
        std::stable_sort(
            options.begin(), options.end(),
            [](const AssignmentOption& a, const AssignmentOption& b) { return a.cost < b.cost; });
        const auto begin = static_cast<std::uint32_t>(problem.options.size());
        problem.options.insert(problem.options.end(), options.begin(), options.end());
        problem.shapes.push_back({begin, static_cast<std::uint32_t>(problem.options.size())});
    }
    return problem;
}

// Side by side, sharing nothing: the optimum is the sum of the optima, for one start of the solver.
inline AssignmentProblem joined(const std::vector<AssignmentProblem>& problems) {
    AssignmentProblem all;
    for (const AssignmentProblem& problem : problems) {
        const auto resource = static_cast<std::uint32_t>(all.capacity.size());
        const auto piece_at = static_cast<std::uint32_t>(all.pieces.size());
        const auto option_at = static_cast<std::uint32_t>(all.options.size());
        const auto shape_at = static_cast<std::uint32_t>(all.shapes.size());
        all.capacity.insert(all.capacity.end(), problem.capacity.begin(), problem.capacity.end());
        for (const AssignmentPiece& p : problem.pieces) {
            all.pieces.push_back({p.first + resource, p.count, p.amount});
        }
        for (const AssignmentOption& o : problem.options) {
            all.options.push_back({o.cost, o.piece_begin + piece_at, o.piece_end + piece_at});
        }
        for (const AssignmentShape& s : problem.shapes) {
            all.shapes.push_back({s.begin + option_at, s.end + option_at});
        }
        for (const AssignmentItem& i : problem.items) {
            all.items.push_back({i.shape + shape_at, i.unplaced, i.urgency});
        }
    }
    return all;
}

// The problem as a mixed-integer programme in LP format: x<item>_<option> is 1 when it is taken.
inline std::string lp_text(const AssignmentProblem& problem) {
    std::vector<std::string> load(problem.capacity.size());
    std::string objective = "Minimize\n obj: ";
    std::string once;
    std::string binaries = "Binaries\n";
    std::int64_t constant = 0;
    for (std::size_t i = 0; i < problem.items.size(); ++i) {
        const AssignmentItem& item = problem.items[i];
        constant += item.unplaced;
        std::string sum;
        for (std::uint32_t o = problem.shapes[item.shape].begin; o < problem.shapes[item.shape].end; ++o) {
            const AssignmentOption& option = problem.options[o];
            if (option.cost >= item.unplaced) continue;
            const std::string name = fmt::format("x{}_{}", i, o);
            objective += fmt::format(" - {} {}\n", item.unplaced - option.cost, name);
            sum += fmt::format(" + {}", name);
            binaries += name + "\n";
            for (std::uint32_t p = option.piece_begin; p < option.piece_end; ++p) {
                const AssignmentPiece& piece = problem.pieces[p];
                for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
                    load[r] += fmt::format(" + {} {}\n", piece.amount, name);
                }
            }
        }
        if (!sum.empty()) once += fmt::format(" i{}: {} <= 1\n", i, sum);
    }
    std::string text = objective + fmt::format(" + {} one\nSubject To\n", constant) + once;
    for (std::size_t r = 0; r < load.size(); ++r) {
        if (!load[r].empty()) text += fmt::format(" r{}: {} <= {}\n", r, load[r], problem.capacity[r]);
    }
    return text + " c: one = 1\n" + binaries + "End\n";
}

struct CbcFolder {
    CbcFolder() {
        static int count = 0;
        path = std::filesystem::temp_directory_path() /
               fmt::format("em-cbc-{}-{}", os::own_process_id(), ++count);
        std::filesystem::create_directories(path);
    }
    CbcFolder(const CbcFolder&) = delete;
    CbcFolder& operator=(const CbcFolder&) = delete;
    ~CbcFolder() { std::filesystem::remove_all(path); }
    os::Path path{};
};

// The least possible cost, by the program `cbc` (Debian: coinor-cbc).
inline std::int64_t optimum_by_cbc(const AssignmentProblem& problem) {
    const CbcFolder folder;
    const os::Path model = folder.path / "model.lp";
    REQUIRE(os::write_file_atomically(model, lp_text(problem)).has_value());
    os::Children children;
    const auto started = children.start({"/usr/bin/cbc", model.string(), "ratio", "0", "allow", "0", "solve"},
                                        folder.path / "errors");
    REQUIRE(started.has_value());
    double objective = std::nan("");
    bool optimal = false;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::seconds(1))) {
            optimal = optimal || event.line.find("Optimal solution found") != std::string::npos;
            const auto at = event.line.find("Objective value:");
            if (at != std::string::npos) objective = std::stod(event.line.substr(at + 16));
        }
    }
    REQUIRE(optimal);
    return std::llround(objective);
}

}  // namespace euromesh::federation
