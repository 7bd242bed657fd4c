#include "planner/spread.hpp"

#include <cmath>

namespace euromesh::planner {

Status check(const Spread& spread, const std::string& name) {
    if (!std::isfinite(spread.low) || !std::isfinite(spread.central) || !std::isfinite(spread.high))
        return fail(Code::bad_input, "{}: a spread needs finite numbers, got {} / {} / {}", name, spread.low,
                    spread.central, spread.high);
    if (spread.low > spread.central || spread.central > spread.high)
        return fail(Code::bad_input, "{}: low {} / central {} / high {} are out of order", name, spread.low,
                    spread.central, spread.high);
    return {};
}

double quantile(const Spread& spread, double u) {
    const double width = spread.high - spread.low;
    if (spread.is_certain()) return spread.central;
    if (spread.shape == Spread::Shape::uniform) return spread.low + u * width;
    const double rise = spread.central - spread.low;
    if (u * width < rise) return spread.low + std::sqrt(u * width * rise);
    return spread.high - std::sqrt((1 - u) * width * (spread.high - spread.central));
}

double mean_of(const Spread& spread) {
    if (spread.shape == Spread::Shape::uniform) return (spread.low + spread.high) / 2;
    return (spread.low + spread.central + spread.high) / 3;
}

double variance_of(const Spread& spread) {
    const double width = spread.high - spread.low;
    if (spread.shape == Spread::Shape::uniform) return width * width / 12;
    const double rise = spread.central - spread.low;
    return (width * width - rise * (width - rise)) / 18;
}

}  // namespace euromesh::planner
