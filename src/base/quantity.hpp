// Physical quantities whose unit is part of the type.
//
// A Quantity can only be added to, and compared with, its own kind; a ratio of two of a kind is a plain
// number. Values are SI base multiples (FLOP, byte, second, joule, euro, gram CO2e) held as double: exact for
// integers up to 2^53. Anything that is accounted (bytes sent, hours granted) is an integer instead, not a
// Quantity.
#pragma once

#include <compare>

namespace euromesh {

template <class Dimension>
class Quantity {
  public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(double value) : value_(value) {}

    constexpr double value() const { return value_; }
    constexpr double in(Quantity unit) const { return value_ / unit.value_; }

    constexpr auto operator<=>(const Quantity&) const = default;
    constexpr Quantity operator-() const { return Quantity(-value_); }
    constexpr Quantity& operator+=(Quantity other) { return value_ += other.value_, *this; }
    constexpr Quantity& operator-=(Quantity other) { return value_ -= other.value_, *this; }

    friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
    friend constexpr Quantity operator*(Quantity a, double k) { return Quantity(a.value_ * k); }
    friend constexpr Quantity operator*(double k, Quantity a) { return a * k; }
    friend constexpr Quantity operator/(Quantity a, double k) { return Quantity(a.value_ / k); }
    friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }

  private:
    double value_ = 0;
};

using Flop = Quantity<struct FlopDimension>;
using Bytes = Quantity<struct ByteDimension>;
using Seconds = Quantity<struct SecondDimension>;
using Joules = Quantity<struct JouleDimension>;
using Euros = Quantity<struct EuroDimension>;
using GramsCo2e = Quantity<struct GramCo2eDimension>;

inline constexpr Bytes kibibyte{1024.0};
inline constexpr Bytes mebibyte{1048576.0};
inline constexpr Seconds millisecond{1e-3};
inline constexpr Seconds hour{3600.0};
inline constexpr Seconds day{86400.0};
inline constexpr Joules kilowatt_hour{3.6e6};

}  // namespace euromesh
