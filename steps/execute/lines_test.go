package execute

// lines are command lines, a word each; @ is text from outside, and what stands
// behind < is stdin.
const refusedLines = `sh -c @
sh -c echo@
sh -ec @
sh -c -e @
bash -s < @
bash < @
bash - < @
bash -es x < @
dash @
bash --rcfile @
/bin/sh -c @
env sh -c @
env -i A=b sh -c @
env -u A bash -c @
env -S @
env -S x@
env @ x
env PERL5OPT=@ x
env LD_PRELOAD=x.so true
env PATH=@ x
env HOME=@ git status
env -- sh -c @
env A=@ sh -c @
timeout 5 sh -c @
timeout -s KILL 5 bash -s < @
timeout --signal KILL 5 sh -c @
nice -n 5 sh -c @
nice -5 nice -n 3 env A=b sh -c @
nohup sh -c @
setsid sh -c @
stdbuf -oL sh -c @
sudo sh -c @
sudo -u root -- sh -c @
sudo @
su -c @
su root -c @
runuser -u x -c @
doas sh -c @
chroot / sh -c @
flock f -c @
flock f sh -c @
busybox sh -c @
busybox @
xargs sh -c < @
xargs -n 1 sh -c < @
xargs -I{} sh -c {} < @
xargs -I {} sh -c echo{} < @
xargs -i bash -c {} < @
xargs sh < @
xargs env < @
xargs @ < x
xargs -a f sh -c
xargs -0 perl -e < @
xargs find < @
find . -exec sh -c @ ;
find . -exec sh -c x{} ;
find . -exec {} ;
find . -execdir sh {} ;
find . -exec @ ;
find @ -name x
python -c @
python3 -c @
python3.12 -c print(@)
python3 -m @
python3 < @
python3 - < @
python3 -u < @
python3 @
python3 @ x
python3 -X @ -c @
perl -e @
perl -ne @ x
perl -e x @
perl -ne x -- @
perl -pe x f @
perl -M@ -e x
perl -mx@ -e x
perl < @
perl @
ruby -e @
ruby -r @ x
ruby < @
node -e @
node -p @
node --eval @
node --eval=@
node --require @ x
node < @
node @
php -r @
lua -e @
awk @
awk @ f
awk -f @
gawk -e @
awk -v x=y @
sed @
sed @ f
sed -e @
sed -n -e @ f
sed -e x@ f
sed --expression=@ f
sed -f @
sed s/a/b/ @
ssh @
ssh host @
ssh host echo @
ssh host echo x@
ssh -o ProxyCommand=@ host
ssh -o @ host
ssh host < @
ssh host sh < @
ssh host bash -s < @
ssh host sudo sh < @
git -c @ status
git -c core.sshCommand=@ fetch
git -c x=y -c@ fetch
git @
git fetch @
git clone @
git fetch --upload-pack=@ origin
git fetch --upload-pack @ origin
git ls-remote @
git push origin @
git grep @
git rebase -x @
git rebase --exec @
git submodule foreach @
git bisect run @
git config core.sshCommand @
kubectl exec pod -- sh -c @
kubectl exec pod -- @
kubectl exec -i pod -- sh < @
docker run image sh -c @
docker exec -i c sh < @
docker run --entrypoint @ image
tar -xf x --to-command=@
tar -xf x --to-command @
tar -x -I @ -f x
rsync -e @ a b
rsync --rsh=@ a b
make @
make X=@
make < @
m4 < @
ed f < @
vim -c @
gdb -ex @
at now < @
crontab - < @
watch @
parallel < @
psql -c @
sqlite3 f @
deno eval @
sh +x -c @
bash -O extglob +o posix -c @
bash --norc --posix -c @
xargs --max-args 1 sh -c < @
xargs -0n 1 sh -c < @
xargs -0 -P 4 bash -c < @
xargs --replace sh -c {} < @
xargs --arg-file f sh -c
setpriv --reuid 1 sh -c @
timeout --kill-after 5 10s sh -c @
docker run --entrypoint sh image -c @
docker run --entrypoint=sh image -c @
awk -f - < @
awk -f/dev/stdin f < @
sed -f - f < @
sh /proc/self/fd/0 < @
SH -c @
/usr/bin/Python3 -c @
/lib64/ld-linux-x86-64.so.2 /bin/sh -c @
rsync @ b
tar xf @
tmux new @
socat @ -
Rscript -e @
npx @
git -C @ status
git --git-dir=@ status
curl -K - < @
curl -sK- < @
curl @
curl -o @ https://x
wget -i @
tar --use-compress-prog=@ -xf x
tar --to=@ -xf x
tar -T - -cf x < @
sort --compress-prog=@ x
split --filter=@ x
sftp -b - host < @
ansible-playbook -e x=@ p
ansible-playbook -i @ p
terraform -chdir=@ apply
terraform apply -var-file @
helm install x y --post-renderer=@
gcc -B@ x.c
gcc -wrapper @ x.c
gcc @@
java @@
java -jar @
java -XX:OnError=@ x
go run @
go build -toolexec=@ x
npm run @
npm exec -- @
pip install @
openssl engine @
man -P @ x
rg --pre=@ x
unshare < @
chroot / < @
sudo -s < @
runuser -l x -c @
env - sh -c @
env BASH_FUNC_x%%=@ bash x
xargs -I X X < @
tini -- sh -c @
unbuffer -p sh < @
prlimit --nofile=1 sh -c @
unheard-of sh -c @
ip netns exec x sh -c @
kubectl --kubeconfig @ get x
kubectl get x --kubeconfig=@
kubectl -s @ get x
kubectl exec pod @
kubectl exec pod ls @
kubectl @
docker -H @ ps
docker run -v @ image
docker run --volume=@:/x image
docker run -itv @ image
docker run --mount @ image
docker run @
docker run --rm @ x
docker @
systemd-run -p @ x
systemd-run --property @ x
git merge -s @ b
git pull -s @ -- x b
git archive --remote=@ HEAD
strace -o @ x
env -C @ x
env --chdir @ x
env --unse A sh -c @
timeout --kill 5 10s sh @
xargs --arg f sh -c
fd x -x sh -c {}
fd x -x sh -c echo{/}
fd x --exec-b python3 -c {}
fd x -x {}
fd x -x @
fd @
javac @@
javac -J@ x
javac -processorpath @ x
npm explore x -- @
poetry run sh -c -- @
uv run python -c @
bundle exec ruby -e -- @
jq @
jq -n @
jq -r @ f
jq -rf @ f
jq -L @ .a
jq -Lx @
jq .a @
jq --arg x y @`

const allowedLines = `echo @
echo < @
kubectl apply -f @
kubectl get @
kubectl get node @
kubectl exec pod -- ls @
cat @ < @
sh script @
sh script @ < @
sh -e script -- @
sh -c echo sh @
sh -c echo < @
sh -o pipefail script @
bash -s x < x
python3 script @ < @
python3 -c code @
python3 -c code < @
python3 -m json.tool < @
python3 -u script @
perl script @
perl -e code -- @
perl -ne code < @
ruby script @
node script @ < @
node -e code -- @
awk code @
awk -v x=@ code f
awk -vx=@ code f
awk code < @
sed -n 1p < @
sed -n 1p -- @
sed -n -- 1p @
sed -e 1p -- @
sed 1p ./@
env A=@ x
env A=@ sh script @
env -i A=b x @
timeout 5 x @
timeout -s KILL 5 x @
nice -n 5 x @
sudo -u root x @
xargs < @
xargs rm -- < @
xargs -n 1 sh -c echo sh < @
xargs sh script < @
find . -name @
find ./@ -name x
find . -exec rm {} ;
find . -exec sh -c echo sh {} ;
ssh host uptime
ssh host cat < @
ssh -- @ uptime
git -C x notes add -m @ HEAD
git log @
git commit -m @
git fetch -- @
git fetch origin refs/heads/@
git clone -b @ -- x
docker run image x @
tar -xf @
curl -- @
curl -d @ https://x
which python3
apt install python3 @
Rscript script @
tar -xf @
rsync -a -- @ b
xargs --max-args 1 rm -- < @
docker run --entrypoint sh image -c x
psql < x
java -jar x @
npm run x -- @
terraform apply -var x=@
apt install python3 @
curl -sd @ https://x
kubectl exec @ -- ls
kubectl -n @ get x
docker run --rm -it image @
docker exec c x @
fd x -x rm -- {}
fd x -x sh script {}
jq -r .a ./@
jq -r .a -- @
jq -n --arg x @ .x
jq --argjson x @ -r .x f
env --unse A x @
systemd-run -p A=b x @
strace --out f x @
git merge -s x @
git commit -s -m @`
