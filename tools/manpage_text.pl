#!/usr/bin/perl
# Plain prose from manual pages in one language, split by page into a training and a held-out part.
#
#   manpage_text.pl LANGUAGE HTML_FOLDER OUT_FOLDER [LEAST_HELDOUT_BYTES]
#
# HTML_FOLDER holds one file a page, as `mandoc -T html -O fragment` writes it. Kept are paragraphs and
# descriptions; left out are synopses, option names, tables, literal blocks, headings, the sections on authors,
# licence and translators, paragraphs in another language, and every paragraph that was seen before.
# The same input gives the same bytes. Held-out text shares no paragraph with training text, nor most of one.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use Encode qw(encode_utf8 decode_utf8);
use Unicode::Normalize qw(NFC);

my $heldout_share = 0.05;

# Frequent words tell a language apart: a paragraph counts when its own are at hand and outnumber the English ones.
my %frequent = (
    en => 'the of and to is in that it for be with by are this or which from not you will can if an as on has was',
    de => 'der die das und ist nicht wird werden ein eine einer eines den dem des mit auf für von zu im in oder als wenn an diese dieser sie es kann durch bei aus sind auch nur',
    it => 'il lo la i gli le di del della dei delle e è un una per con che non si in da al alla nel nella come o se sono questo questa viene essere più dal dalla su',
    es => 'el la los las de del y es un una por con que no se en a al como o si son este esta para más su ser lo sus cuando entre',
);

# Sections that say the same on every page, or hold no prose. Compared in upper case, by how they begin.
my $skipped = qr/^(?:
    ÜBERSICHT|SYNOPSIS|SINOPSIS|SINOSSI|SINTASSI|RIASSUNTO|SINTESI|SYNTAX|
    AUTOR|AUTORE|AUTORI|AUTORES|AUTHOR|AUTHORS|VERFASSER|
    COPYRIGHT|LIZENZ|LICENZA|LICENCIA|LICENSE|URHEBERRECHT|DERECHOS|DIRITTI|
    ÜBERSETZUNG|TRADUZIONE|TRADUCCIÓN|TRANSLATION|
    SIEHE\ AUCH|VEDERE\ ANCHE|VEDI\ ANCHE|VÉASE\ TAMBIÉN|VEA\ TAMBIÉN|VER\ TAMBIÉN|SEE\ ALSO|
    FEHLER\ MELDEN|FEHLER\ BERICHTEN|SEGNALARE|SEGNALAZIONE|INFORMAR|INFORME|REPORTING|COLOPHON|KOLOPHON|COLOFÓN|
    VERFÜGBARKEIT|DISPONIBILITÀ|DISPONIBILIDAD
)/x;

my %named = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'", nbsp => ' ');

sub plain {
    my ($text) = @_;
    $text =~ s/&#x([0-9A-Fa-f]+);/chr hex $1/ge;
    $text =~ s/&#([0-9]+);/chr $1/ge;
    $text =~ s/&([a-z]+);/$named{$1} \/\/ ''/ge;
    $text = NFC($text);
    $text =~ s/[\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}]//g;
    $text =~ s/[\x{2010}\x{2011}\x{2212}]/-/g;
    $text =~ s/[\s\x{00A0}\x{2000}-\x{200A}\x{202F}]+/ /g;
    $text =~ s/^ | $//g;
    $text =~ s/ ([,.;:])(?= |$)/$1/g;
    return $text;
}

# The text of <p>, <dd> and <li> outside skipped sections, one string a paragraph.
sub paragraphs_of {
    my ($html) = @_;
    my ($skip, $mute, $heading, $text, @found) = (0, 0, undef, '');
    my $flush = sub { my $line = plain($text); push @found, $line if length $line && !$skip; $text = '' };
    for my $piece ($html =~ /(<[^>]*>|[^<]+)/g) {
        if ($piece !~ /^</) {
            if (defined $heading) { $heading .= $piece }
            elsif (!$mute) { $text .= $piece }
        }
        elsif ($piece =~ m{^<h1}) { $flush->(); $heading = '' }
        elsif ($piece =~ m{^</h1}) { $skip = uc(plain($heading)) =~ $skipped ? 1 : 0; $heading = undef }
        elsif ($piece =~ m{^<(?:table|pre|dt|h2)\b}) { $flush->(); $mute++ }
        elsif ($piece =~ m{^</(?:table|pre|dt|h2)>}) { $mute-- if $mute }
        elsif ($piece =~ m{^</?(?:p|dd|dl|li|ul|ol|div|section)\b}) { $flush->() }
        elsif ($piece =~ m{^<br}) { $text .= ' ' }
    }
    $flush->();
    return @found;
}

sub count_in {
    my ($words, $set) = @_;
    return scalar grep { $set->{$_} } @$words;
}

sub is_prose {
    my ($line, $own, $english) = @_;
    return 0 if length $line < 40;
    return 0 unless $line =~ /[.:!?»"”)]$/;
    my $letters = () = $line =~ /[\p{L} ]/g;
    return 0 if $letters < 0.85 * length $line;
    return 0 if $line =~ /copyright|©|\@[a-z0-9.-]+\.[a-z]{2,}/i;
    my @words = map { lc } $line =~ /(\p{L}+)/g;
    my $mine = count_in(\@words, $own);
    return 0 if $mine < 0.12 * @words;
    return $mine > 2 * count_in(\@words, $english);
}

sub read_bytes {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "manpage_text: $path: $!\n";
    local $/;
    return scalar <$in>;
}

sub write_text {
    my ($path, $pages) = @_;
    my $bytes = encode_utf8(join "\n", map { join '', map { "$_\n" } @{$_->{lines}} } @$pages);
    open my $out, '>:raw', "$path.tmp" or die "manpage_text: $path.tmp: $!\n";
    print {$out} $bytes or die "manpage_text: $path.tmp: $!\n";
    close $out or die "manpage_text: $path.tmp: $!\n";
    rename "$path.tmp", $path or die "manpage_text: $path: $!\n";
    return length $bytes;
}

# Pages with what nobody before them said; shorter differences than letters do not count.
sub fresh_pages {
    my ($language, $folder) = @_;
    my %own = map { $_ => 1 } split ' ', $frequent{$language};
    my %english = map { $_ => 1 } grep { !$own{$_} } split ' ', $frequent{en};
    my (%seen, @pages);
    for my $path (sort glob "$folder/*.html") {
        my ($name) = $path =~ m{([^/]+)\.html$};
        my @lines = grep { is_prose($_, \%own, \%english) } paragraphs_of(decode_utf8(read_bytes($path)));
        @lines = grep { my $key = lc; $key =~ s/[^\p{L}]+//g; !$seen{$key}++ } @lines;
        push @pages, {name => $name, lines => \@lines} if @lines;
    }
    return @pages;
}

sub bytes_of {
    my $sum = 0;
    $sum += length(encode_utf8($_)) + 1 for @{$_[0]{lines}};
    return $sum;
}

# Pages in the order of a hash of their names, until the held-out part is large enough. A page that would be
# most of it by itself stays in training.
sub split_pages {
    my ($least, @pages) = @_;
    my $total = 0;
    $total += bytes_of($_) for @pages;
    my $wanted = $heldout_share * $total > $least ? $heldout_share * $total : $least;
    my (%held, $bytes);
    $bytes = 0;
    for my $page (sort { sha256_hex($a->{name}) cmp sha256_hex($b->{name}) } @pages) {
        last if $bytes >= $wanted;
        next if bytes_of($page) > $wanted / 4;
        $held{$page->{name}} = 1;
        $bytes += bytes_of($page);
    }
    return ([grep { !$held{$_->{name}} } @pages], [grep { $held{$_->{name}} } @pages]);
}

sub runs_of_words {
    my @words = map { lc } $_[0] =~ /(\p{L}+)/g;
    return @words < 8 ? () : map { join ' ', @words[$_ .. $_ + 7] } 0 .. $#words - 7;
}

# Translators say the same thing in almost the same words: of held-out paragraphs those go whose runs of eight
# words stand in training text by more than a third. Otherwise memory would pass for skill.
sub drop_echoes {
    my ($train, $heldout) = @_;
    my %known;
    for my $page (@$train) { $known{$_} = 1 for map { runs_of_words($_) } @{$page->{lines}} }
    for my $page (@$heldout) {
        @{$page->{lines}} = grep {
            my @runs = runs_of_words($_);
            !@runs || count_in(\@runs, \%known) <= @runs / 3;
        } @{$page->{lines}};
    }
    return [grep { @{$_->{lines}} } @$heldout];
}

my ($language, $html, $out, $least) = @ARGV;
die "usage: manpage_text.pl LANGUAGE HTML_FOLDER OUT_FOLDER [LEAST_HELDOUT_BYTES]\n" unless defined $out;
die "manpage_text: language '$language' is not known (de, it, es)\n" unless $language ne 'en' && $frequent{$language};
my ($train, $heldout) = split_pages($least // 110_000, fresh_pages($language, $html));
$heldout = drop_echoes($train, $heldout);
my $train_bytes = write_text("$out/train.txt", $train);
my $heldout_bytes = write_text("$out/heldout.txt", $heldout);
printf "%s: %d + %d pages, %d + %d bytes\n", $language, scalar @$train, scalar @$heldout, $train_bytes, $heldout_bytes;
