#!/bin/sh
# Fetches user-mode Linux and the tools that go with it from Debian, and unpacks them into .cache/uml. Nothing is installed.
set -e
cd "$(dirname "$0")/../.."
mkdir -p .cache/uml/debs .cache/uml/tools/umlmods/lib
cd .cache/uml/debs
apt-get download user-mode-linux kmod libkmod2 ipset libipset13 ipvsadm libpopt0 libnl-3-200 libnl-genl-3-200 busybox-static
cd ..
for deb in debs/*.deb; do
  case $deb in
    *user-mode*) dpkg-deb -x "$deb" tools/uml ;;
    *) dpkg-deb -x "$deb" tools/root ;;
  esac
done
for name in modprobe insmod lsmod depmod modinfo; do ln -sf ../bin/kmod tools/root/sbin/$name; done
ln -sfn "$PWD/tools/uml/usr/lib/uml/modules" tools/umlmods/lib/modules
rm -r debs
echo ".cache/uml is ready"
