"""What a file's name tells of it: its media type and its kind, by subject.

The types are IANA's where it has one. Else a format is called what it is made of (a wheel is a ZIP
archive), or what most others call it, or `application/octet-stream`, which a browser saves. Text
without a type of its own is `text/plain`, which a browser shows. That goes for XML too: shown as
`application/xml` it can run scripts, so only what other servers call so is called so here.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

# A line is a media type and the names that have it; indented, more names of the type above. A name
# that begins with a dot is an ending, in lower case; any other is a whole name. The longest ending
# of a name counts, so `.img.xz` goes before `.xz`. `[kind]` is a value of `files.kinds.Kind`, which
# holds from there on.
_TABLE: Final = """
# Pages, what they are made with, and what is fetched for them.
[document]
text/html                       .html .htm
application/xhtml+xml           .xhtml .xht

[code]
text/css                        .css
text/javascript                 .js .mjs
application/node                .cjs
application/wasm                .wasm
text/wgsl                       .wgsl
application/json                .map

[data]
application/manifest+json       .webmanifest
application/atom+xml            .atom
application/rss+xml             .rss
# RFC 8615: names without an ending that others have laid down.
application/json                apple-app-site-association openid-configuration
                                oauth-authorization-server

# Text to read, and the names without an ending that sources and mirrors are full of.
[text]
text/plain                      .txt .text .log .diff .patch .nfo .readme .adoc .asciidoc .org
                                .texi .texinfo .tex .ltx .latex .sty .bib .ris .po .pot .opml
                                README LICENSE LICENCE COPYING COPYRIGHT copyright NOTICE PATENTS
                                AUTHORS CONTRIBUTORS CREDITS MAINTAINERS CODEOWNERS THANKS
                                CHANGELOG ChangeLog Changelog CHANGES HISTORY NEWS ANNOUNCE
                                INSTALL UPGRADING HACKING CONTRIBUTING FAQ BUGS TODO VERSION
                                INDEX MANIFEST
text/markdown                   .md .markdown .mkd
text/prs.fallenstein.rst        .rst
text/troff                      .roff .troff .man .mdoc
text/calendar                   .ics .ifb
text/vcard                      .vcf .vcard
text/uri-list                   .uri .uris
message/rfc822                  .eml
application/mbox                .mbox
# Subtitles.
text/vtt                        .vtt
text/plain                      .srt .ass .ssa .lrc
application/ttml+xml            .ttml
# Configuration, of machines that install themselves too.
text/plain                      .conf .cfg .cnf .ini .properties .desktop .rules .repo .list
                                .sources .ks .preseed .seed .service .socket .timer .mount .target
                                .network .netdev .nmconnection .json5 .jsonc .hjson .lock
                                .editorconfig .gitattributes .gitignore .gitmodules
application/yaml                .yaml .yml
application/toml                .toml
application/vnd.coreos.ignition+json  .ign
# The indexes of package repositories, and what stands beside a package.
text/plain                      Release InRelease Packages Sources .dsc .changes .buildinfo
                                APKINDEX PACKAGES Manifest .treeinfo .discinfo .narinfo
                                .whl.metadata METADATA PKG-INFO RECORD WHEEL

# Source code. A bare git repository is fetched by some of these names as well.
[code]
text/plain                      .c .h .cc .cpp .cxx .c++ .hh .hpp .hxx .inl .m .mm .s .asm .d .zig
                                .rs .go .py .pyi .pyx .pxd .rb .pl .pm .t .lua .php .tcl .awk .sed
                                .r .jl .nim .cr .java .kt .kts .scala .groovy .gradle .clj .cljs
                                .cs .fs .vb .swift .hs .lhs .ml .mli .elm .erl .hrl .ex .exs
                                .lisp .el .scm .rkt .f .f90 .for .pas .ada .adb
                                .sh .bash .zsh .fish .ksh .csh .bat .cmd .ps1 .psm1 .ipxe .gpxe
                                .tsx .jsx .cts .d.ts .vue .svelte .scss .sass .less .styl
                                .graphql .proto .thrift .idl .v .sv .vhdl .dts .dtsi .cu .cl .glsl
                                .hlsl .vert .frag .scad .gcode .wat .cmake .mk .ninja .bzl .am .ac
                                .m4 .in .spec .nix .vim .tf .tfvars .hcl .ld .y .l
                                Makefile makefile GNUmakefile Dockerfile Containerfile Vagrantfile
                                Jenkinsfile Gemfile Rakefile Procfile Pipfile Brewfile Justfile
                                justfile Kconfig Kbuild SConstruct SConscript PKGBUILD APKBUILD
                                WORKSPACE go.mod go.sum go.work HEAD FETCH_HEAD ORIG_HEAD
                                packed-refs
application/sql                 .sql
application/vnd.dart            .dart
application/vnd.coffeescript    .coffee
application/vnd.gentoo.ebuild   .ebuild
application/vnd.gentoo.eclass   .eclass
application/cwl                 .cwl
application/yang                .yang
application/sieve               .sieve
application/sparql-query        .rq
text/vnd.graphviz               .gv .dot
application/xslt+xml            .xsl .xslt
application/wsdl+xml            .wsdl
application/relax-ng-compact-syntax  .rnc
application/xml-dtd             .dtd
application/xml                 .xsd .rng

# Documents and books.
[document]
application/pdf                 .pdf
application/postscript          .ps .eps .ai
application/rtf                 .rtf
application/epub+zip            .epub
application/vnd.amazon.mobi8-ebook  .azw3
application/vnd.amazon.ebook    .azw
application/x-mobipocket-ebook  .mobi
application/x-fictionbook+xml   .fb2
application/vnd.comicbook+zip   .cbz
application/vnd.comicbook-rar   .cbr
application/vnd.ms-htmlhelp     .chm
application/vnd.ms-xpsdocument  .xps
application/oxps                .oxps
application/x-dvi               .dvi
image/vnd.djvu                  .djvu .djv
application/docbook+xml         .dbk .docbook
application/tei+xml             .tei
text/sgml                       .sgml .sgm
# Office.
application/vnd.oasis.opendocument.text                   .odt
application/vnd.oasis.opendocument.text-template          .ott
application/vnd.oasis.opendocument.text-master            .odm
application/vnd.oasis.opendocument.spreadsheet            .ods
application/vnd.oasis.opendocument.spreadsheet-template   .ots
application/vnd.oasis.opendocument.presentation           .odp
application/vnd.oasis.opendocument.presentation-template  .otp
application/vnd.oasis.opendocument.graphics               .odg
application/vnd.oasis.opendocument.graphics-template      .otg
application/vnd.oasis.opendocument.chart                  .odc
application/vnd.oasis.opendocument.formula                .odf
application/vnd.oasis.opendocument.base                   .odb
application/msword                                        .doc
application/vnd.ms-word.document.macroEnabled.12          .docm
application/vnd.ms-excel                                  .xls
application/vnd.ms-excel.sheet.macroEnabled.12            .xlsm
application/vnd.ms-excel.sheet.binary.macroEnabled.12     .xlsb
application/vnd.ms-powerpoint                             .ppt .pps
application/vnd.ms-powerpoint.presentation.macroEnabled.12  .pptm
application/vnd.openxmlformats-officedocument.wordprocessingml.document  .docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template  .dotx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet        .xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template     .xltx
application/vnd.openxmlformats-officedocument.presentationml.presentation  .pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow   .ppsx
application/vnd.openxmlformats-officedocument.presentationml.template    .potx
application/vnd.visio           .vsd
application/vnd.ms-project      .mpp
application/vnd.ms-outlook      .msg
application/onenote             .one
application/vnd.apple.pages     .pages
application/vnd.apple.numbers   .numbers
application/vnd.apple.keynote   .keynote
application/vnd.wordperfect     .wpd
application/x-abiword           .abw
application/x-gnumeric          .gnumeric
application/x-lyx               .lyx
application/vnd.wolfram.mathematica  .nb
application/vnd.wolfram.player  .nbp

[image]
image/png                       .png
image/apng                      .apng
image/jpeg                      .jpg .jpeg .jpe .jfif
image/gif                       .gif
image/webp                      .webp
image/avif                      .avif
image/heic                      .heic
image/heif                      .heif
image/jxl                       .jxl
image/svg+xml                   .svg
# No Content-Encoding is sent with it, so it is what it looks like.
application/gzip                .svgz
image/vnd.microsoft.icon        .ico .cur
image/x-icns                    .icns
image/bmp                       .bmp .dib
image/tiff                      .tif .tiff
image/jp2                       .jp2
image/jpx                       .jpx .jpf
image/jxr                       .jxr
image/ktx                       .ktx
image/ktx2                      .ktx2
image/vnd.ms-dds                .dds
image/aces                      .exr
image/vnd.radiance              .hdr
image/vnd.adobe.photoshop       .psd
image/x-xcf                     .xcf
image/openraster                .ora
image/vnd.zbrush.pcx            .pcx
image/x-tga                     .tga
image/x-portable-anymap         .pnm
image/x-portable-bitmap         .pbm
image/x-portable-graymap        .pgm
image/x-portable-pixmap         .ppm
image/x-xbitmap                 .xbm
image/x-xpixmap                 .xpm
image/wmf                       .wmf
image/emf                       .emf
image/cgm                       .cgm
image/fits                      .fits .fts
application/dicom               .dcm
image/x-adobe-dng               .dng
image/x-canon-cr2               .cr2
image/x-nikon-nef               .nef
image/x-sony-arw                .arw
image/vnd.dwg                   .dwg
image/vnd.dxf                   .dxf

[audio]
audio/mpeg                      .mp3 .mp2 .mpga
# RFC 7845: Opus in a file is audio/ogg; audio/opus is for RTP.
audio/ogg                       .ogg .oga .opus .spx
audio/flac                      .flac
audio/wav                       .wav
audio/mp4                       .m4a .m4b
audio/aac                       .aac .adts
audio/webm                      .weba
audio/matroska                  .mka
audio/midi                      .mid .midi .kar
audio/ac3                       .ac3
audio/eac3                      .eac3
audio/AMR                       .amr
audio/basic                     .au .snd
audio/x-aiff                    .aif .aiff .aifc
audio/x-caf                     .caf
audio/x-ms-wma                  .wma
audio/x-ape                     .ape
audio/x-wavpack                 .wv
audio/x-pn-realaudio            .ra
# Lists of it.
audio/mpegurl                   .m3u
audio/x-scpls                   .pls
application/xspf+xml            .xspf
text/plain                      .cue

[video]
video/mp4                       .mp4 .m4v .mpg4
video/webm                      .webm
video/matroska                  .mkv
video/matroska-3d               .mk3d
video/ogg                       .ogv
application/ogg                 .ogx
video/quicktime                 .mov .qt
video/mpeg                      .mpg .mpeg .mpe .m1v .m2v .vob
# Not TypeScript: players of streams need the type, but no browser runs TypeScript, and compilers go
# by the name.
video/mp2t                      .ts .m2t .m2ts .mts
video/iso.segment               .m4s
application/vnd.apple.mpegurl   .m3u8
application/dash+xml            .mpd
video/3gpp                      .3gp .3gpp
video/3gpp2                     .3g2
video/h264                      .h264
video/h265                      .h265 .hevc
video/mj2                       .mj2 .mjp2
video/x-msvideo                 .avi
video/x-ms-wmv                  .wmv
application/vnd.ms-asf          .asf
video/x-flv                     .flv
video/x-f4v                     .f4v
application/vnd.rn-realmedia    .rm
application/mxf                 .mxf
application/vnd.adobe.flash.movie  .swf

[font]
font/woff2                      .woff2
font/woff                       .woff
font/ttf                        .ttf
font/otf                        .otf
font/collection                 .ttc .otc
application/vnd.ms-fontobject   .eot
application/x-font-type1        .pfa .pfb
application/x-font-bdf          .bdf
application/x-font-pcf          .pcf
application/x-font-linux-psf    .psf .psfu

[archive]
application/x-tar               .tar
application/gzip                .gz .tgz .taz
application/x-bzip2             .bz2 .tbz .tbz2
application/vnd.bzip3           .bz3
application/x-xz                .xz .txz
application/zstd                .zst .tzst
application/x-lz4               .lz4
application/x-lzip              .lz .tlz
application/x-lzma              .lzma
application/x-lzop              .lzo
application/x-brotli            .br
application/x-compress          .z
application/zip                 .zip
application/x-7z-compressed     .7z
application/vnd.rar             .rar
application/x-cpio              .cpio
application/vnd.ms-cab-compressed  .cab
application/x-xar               .xar
application/x-arj               .arj
application/x-lzh-compressed    .lha .lzh
application/x-stuffit           .sit .sitx
application/x-archive           .ar
application/warc                .warc
application/vnd.ipld.car        .car

[package]
application/vnd.debian.binary-package  .deb .udeb .ddeb
application/x-rpm               .rpm .drpm
# Alpine's have the same ending, and no type.
application/vnd.android.package-archive  .apk
application/zip                 .whl .egg .nupkg .snupkg .conda .vsix .ipa .aab .aar
application/java-archive        .jar .war .ear
application/gzip                .crate .pkg.tar.gz
application/x-xz                .pkg.tar.xz
application/zstd                .pkg.tar.zst
application/x-tar               .gem
application/vnd.gentoo.gpkg     .gpkg.tar
application/vnd.gentoo.xpak     .xpak
application/vnd.snap            .snap
application/vnd.flatpak         .flatpak
application/vnd.flatpak.ref     .flatpakref
application/vnd.flatpak.repo    .flatpakrepo
application/vnd.appimage        .appimage
application/x-msi               .msi
application/msix                .msix
application/msixbundle          .msixbundle
application/appx                .appx
application/appinstaller        .appinstaller
application/x-xpinstall         .xpi
application/x-chrome-extension  .crx
application/vnd.openofficeorg.extension  .oxt
application/x-nix-nar           .nar
application/octet-stream        .pkg .ipk .opk .xbps .phar

# Disks, file systems and what machines are installed from. IANA's application/vnd.efi.iso and
# vnd.efi.img are for those that UEFI can boot, which a name does not tell; firmware that does not
# know the type goes by the ending.
[disk]
application/x-iso9660-image     .iso
application/octet-stream        .img .raw .wic .ext4 .erofs .vfd .nrg .hdd .ubi .ubifs .swm .esd
                                initrd initramfs
application/gzip                .img.gz .iso.gz .raw.gz .wic.gz
application/x-bzip2             .img.bz2 .iso.bz2 .raw.bz2 .wic.bz2
application/x-xz                .img.xz .iso.xz .raw.xz .wic.xz .qcow2.xz .vmdk.xz
application/zstd                .img.zst .iso.zst .raw.zst .wic.zst
application/x-qemu-disk         .qcow .qcow2
application/x-vmdk-disk         .vmdk
application/x-vhd-disk          .vhd
application/x-vhdx-disk         .vhdx
application/x-vdi-disk          .vdi
application/x-tar               .ova
text/plain                      .ovf
application/x-ms-wim            .wim
application/x-apple-diskimage   .dmg
application/vnd.squashfs        .squashfs .sqfs .sfs

# Programs, boot loaders, kernels and firmware.
[program]
application/efi                 .efi
application/vnd.microsoft.portable-executable  .exe .dll .sys
application/octet-stream        .bin .elf .so .dylib .ko .o .a .lib .pyc .run .com
                                .pxe .kpxe .kkpxe .kkkpxe .lkrn .c32 .n12 .sdi .bcd
                                .fit .itb .dtb .dtbo .uf2 .hex .dfu .fw .rom .trx .chk .swu
                                .mender .raucb pxelinux.0 lpxelinux.0 gpxelinux.0 wimboot memdisk
                                bootmgr BCD linux vmlinuz vmlinux bzImage zImage uImage
application/java-vm             .class
application/x-java-jnlp-file    .jnlp

# Text that programs read.
[data]
application/json                .json .ipynb .topojson .har .avsc
application/jsonl               .jsonl .ndjson
application/ld+json             .jsonld
application/json-patch+json     .json-patch
application/sarif+json          .sarif .sarif.json
application/xml                 .xml
application/x-plist             .plist
application/rdf+xml             .rdf .owl
application/mathml+xml          .mathml
application/xliff+xml           .xlf .xliff
application/n-triples           .nt
application/n-quads             .nq
application/trig                .trig
text/turtle                     .ttl
text/n3                         .n3
application/sparql-results+xml  .srx
text/csv                        .csv
text/tab-separated-values       .tsv .tab
text/plain                      .psv
# Data sets, models of them, and databases. A `.db` may be anybody's.
application/vnd.apache.parquet  .parquet
application/vnd.apache.arrow.file    .arrow .feather
application/vnd.apache.arrow.stream  .arrows
application/x-hdf5              .h5 .hdf5 .he5
application/x-hdf               .hdf
application/x-netcdf            .nc .nc4 .cdf
application/zip                 .npz
application/protobuf            .pb .binpb .onnx
application/cbor                .cbor
application/vnd.msgpack         .msgpack
application/vnd.sqlite3         .sqlite .sqlite3 .db3
application/vnd.maxmind.maxmind-db  .mmdb
application/vnd.dbf             .dbf
application/msaccess            .mdb
application/vnd.tcpdump.pcap    .pcap
application/octet-stream        .avro .orc .npy .safetensors .gguf .pt .pth .ckpt .tflite .tfrecord
                                .pkl .joblib .mat .rds .rda .rdata .sav .dta .bson .duckdb .accdb
                                .pcapng .db .dat .dump .grib .grib2 .bufr .root .nii .bam .cram
# Sciences.
chemical/x-cif                  .cif
chemical/x-mdl-molfile          .mol
chemical/x-mdl-sdfile           .sdf
chemical/x-xyz                  .xyz
text/gff3                       .gff3
text/plain                      .fasta .fa .fna .faa .fastq .fq .gff .gtf .bed .sam
application/vnd.fdsn.mseed      .mseed
# Maps.
application/geo+json            .geojson
application/vnd.google-earth.kml+xml  .kml
application/vnd.google-earth.kmz      .kmz
application/gpx+xml             .gpx
application/gml+xml             .gml
application/geopackage+sqlite3  .gpkg
application/vnd.openstreetmap.data+xml  .osm
application/vnd.shp             .shp
application/vnd.shx             .shx
application/vnd.mapbox-vector-tile  .mvt
application/vnd.las             .las
application/vnd.laszip          .laz
application/octet-stream        .pbf .pmtiles .mbtiles .fgb
text/plain                      .prj .wkt
# Three dimensions, to see, build or print.
model/gltf+json                 .gltf
model/gltf-binary               .glb
model/stl                       .stl
model/obj                       .obj
model/mtl                       .mtl
model/3mf                       .3mf
model/step                      .step .stp
model/iges                      .iges .igs
model/vnd.collada+xml           .dae
model/x3d+xml                   .x3d
model/vrml                      .wrl .vrml
model/vnd.usda                  .usda
model/vnd.usdz+zip              .usdz
model/e57                       .e57
model/JT                        .jt
model/u3d                       .u3d
application/p21                 .ifc
application/x-blender           .blend
application/octet-stream        .ply .fbx .3ds .usd .usdc
# What leads to other files, and what tells what they are made of. A `.sbom` is JSON, XML or text.
application/x-bittorrent        .torrent
application/metalink+xml        .metalink
application/metalink4+xml       .meta4
application/x-zsync             .zsync
text/spdx                       .spdx
application/spdx+json           .spdx.json
application/vnd.cyclonedx+json  .cdx.json
application/vnd.cyclonedx+xml   .cdx.xml
text/plain                      .sbom .cdx

# Checksums, signatures, keys and certificates. An `.asc` may be text, a signature or a key.
[signature]
text/plain                      .md5 .sha1 .sha224 .sha256 .sha384 .sha512 .b2 .b3 .sfv
                                .md5sum .sha1sum .sha256sum .sha512sum .asc .sign .minisig .pub
                                .prov MD5SUMS SHA1SUMS SHA224SUMS SHA256SUMS SHA384SUMS SHA512SUMS
                                B2SUMS B3SUMS MD5SUM SHA256SUM SHA512SUM CHECKSUM CHECKSUMS
application/json                .sigstore
application/pgp-signature       .sig
application/pgp-keys            .key
application/pgp-encrypted       .pgp
application/octet-stream        .gpg .kbx .keyring
application/pem-certificate-chain  .pem
application/x-x509-ca-cert      .crt .der
application/pkix-cert           .cer
application/pkix-crl            .crl
application/pkcs7-mime          .p7c .p7m
application/x-pkcs7-certificates  .p7b
application/pkcs7-signature     .p7s
application/pkcs8               .p8
application/pkcs10              .p10 .csr
application/pkcs12              .p12 .pfx
application/timestamp-query     .tsq
application/timestamp-reply     .tsr
application/x-java-keystore     .jks
application/x-keepass2          .kdbx
application/vnd.age             .age
"""


class Entry(NamedTuple):
    """One name of the table, which is an ending where it begins with a dot."""

    name: str
    media_type: str
    kind: str


def entries() -> Iterator[Entry]:
    """Yield all names of the table, in its order."""
    kind = media_type = ""
    for line in _TABLE.splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith("["):
            kind = line.strip("[]")
            continue
        if not line.startswith(" "):
            media_type = words.pop(0)
        for name in words:
            yield Entry(name, media_type, kind)
