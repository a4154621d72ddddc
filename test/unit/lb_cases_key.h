/*
 * test/unit/lb_cases_key.h - nginx 1.22.1: hash KEY, and hash KEY consistent.
 *
 * Measured: test/unit/lb_nginx_measure.py. What the lines mean: test/unit/test_lb_nginx.c.
 */
#ifndef TEST_UNIT_LB_CASES_KEY_H
#define TEST_UNIT_LB_CASES_KEY_H

#include "test/unit/lb_cases.h"

/* clang-format off */
static const struct lb_case hash_cases[] = {
	{
		"hash, drawn 0", CONF_METHOD_HASH,
		{
			{.text = "unix:/hash0", .weight = 1, .max_fails = 1, .fail_timeout = 1},
			{.text = "unix:/hash1", .max_fails = 1, .fail_timeout = 1, .max_conns = 2},
		},
		"g@k87ed3f35>0 ha@k24970d2d>1 g@k67ff379c>1 g@k3630e898>1 hb@k2fb6de79>0 "
		"hc@k5ca11e6e>0 g@kba794550>1 ra g@k4a197ac9>0 g@k63daca2f>0 g@k4468df0>0 "
		"rc g@k1897b1cb>0 hd@k5b7345f0>0 g@kb1e53162>1 he@k14d76ce3>1 rd "
		"hf@k71992f2b>1 hg@k9e8583e8>0 hh@kcddb9d10>0 w3 hi@k6660f464>0 "
		"g@kd901393>0 g@k830bc90b>0 hj@kfa75c52e>0 g!0@ke6b6e991>0- g@k62a6eaf>- "
		"g@kf4e53f9b>- g@k86e43aaa>- g!1@k632767cb>- g@k3be395fc>- g@k596da6e7>- "
		"g@k38ccf46e>- g@k262d5352>- rf hn@k77ec6ea4>1 g@k720828f3>- g@kdde23ba>- "
		"rg re w2 rn g@k4acb8a27>0 hp@kd63fa203>0 hq@k43fcaf7d>0 g@k835666f3>1 "
		"g@k3a974f30>1 g@k30287a4c>1 g@k885c95e7>0 g@kbb6de884>0 g@kc2d129b1>0 "
		"hr@k2a32963b>1 hs@ke49d0112>1 g@k6286989f>0 g@k65d1d69c>0 ht@ke75df6d7>0 "
		"hu@k8e214d4d>0 g@ka9cc7595>0 rr g!1@>10 w1 g@k2cf6f352>0 rh hv@k1f2ef189>0 "
		"hw@k1b8341f2>0 rp ru hx@k430d59f6>0 rv g@kd76bc6be>0 hy@k2fec15cf>0 ry rw "
		"hz!1@k5ee91186>0 ha@kfc8cb781>0 ri g@k8defc094>0 g!1@>0 w3 g@kc00c8d9e>1 "
		"rt g!1@k207944d3>0 g@k600a844f>0 g@>0 rj g@k78ee465c>1 rz g@k7b80e669>1 "
		"g@kc8b7304a>0 g@ka577546a>1 rb rq rs rx ra",
	},
	{
		"hash, drawn 1", CONF_METHOD_HASH,
		{
			{.text = "unix:/hash0", .weight = 4, .fail_timeout = 2},
			{.text = "unix:/hash1", .max_fails = CASE_NONE, .fail_timeout = 1},
			{.text = "unix:/hash2", .weight = 3, .fail_timeout = 1, .down = true, .max_conns = 3},
		},
		"g@kf3f25276>0 ha@kc7b22f2b>0 hb@k79649d99>0 rb ra hc@k31b6857a>0 "
		"g!1@k768d0e7f>0 g@k54d08d8>0 hd@kc58d7529>0 rc g@kb2ecfef0>0 rd "
		"g@k174023a0>0 he@ke8136ad8>0 g@k5dddd303>0 g!012@kd863c5af>10 "
		"hf@k5c9a7f60>1 g!012@ke94a6f01>1- hg@kd9439011>1 g!02@k69b3a12b>1 w1 rg "
		"g@k76b0d98>1 hh@k4668ac4f>1 rh g!1@ke749bd33>1- g@ke1ea0568>1 "
		"g@ke11e29d3>1 hj@ke1488608>1 g!0@k71a9f778>1 g@k500c715a>1 g@k1b625ff3>1 "
		"rj hk@k61e6f6e3>1 g@ka922591d>1 g@k3fc099d0>1 hl@k23ea3ba4>1 g@k221296ad>1 "
		"g@k5c29cf06>1 hm@kf3db0dd3>1 rm w3 rk hn@kc7b6b1e2>0 g@k2f73361b>1 "
		"ho@k2a84284f>1 hp@kbbea4892>1 rp hq@kde7e0d5c>1 g@kbf4a410b>1 "
		"g@kb8a77c77>1 g@kf7d27117>1 hr@k18c2f776>1 hs@k6f000f48>1 g!12@>1- "
		"hu@k697f7a06>1 rf ru re hv!02@>1 g@k3e9dc470>0 w1 hw@kab589949>1 "
		"g@ka80cb303>0 hx@ke22edf57>0 rl g@k6c6e8162>1 hy!2@keefc1551>1 "
		"hz@k1803efe2>0 ha!0@kec29a5e4>1 hb@k9b3e6516>1 rs hc@k830ca2e>0 rn "
		"g@kdc616351>0 hd@ke59031b5>1 g@kefbea661>0 g@k12dd2f14>0 ra he@kffd2318>0 "
		"rv w2 g@k99f4b60c>0 g@k6e995276>0 g!012@k23bb10d6>10 hg@ke2c84278>1 "
		"hh@k10c7c3e5>1 g@kf71519d5>1 g!012@kc26cae1b>1- g@k84ae9520>1 "
		"g@k80694e47>1 g@>1 rh g@>1 g@k1ec86cfd>1 hj@kfd916b81>1 g@k6f470bcf>1 "
		"g@keba6456c>1 hk@kac8607d3>1 rd ro rq rr rw rx ry rz rb rc re rg rj rk",
	},
	{
		"hash, drawn 2", CONF_METHOD_HASH,
		{
			{.text = "unix:/hash0", .max_fails = 2, .fail_timeout = 1, .max_conns = 2},
			{.text = "unix:/hash1", .weight = 4, .fail_timeout = 2, .down = true},
		},
		"g@>0 g@k67ae2dbc>0 g@k1a6b6d78>0 g@kaee90ba2>0 ha@k3e5d077d>0 "
		"g@k95406c92>0 hb@kc31c4f54>0 g@k15472228>- g@k5a43319>- g@k76219e15>- "
		"g@kda541c88>- g!01@kcc69ece0>- g@ka729698f>- g@k7b82d311>- g@k7041dd8f>- "
		"ra hh@kc193c16d>0 g@>- w2 g@k9b941c3>- g@k5e0faa13>- g!0@k571fc6dc>- "
		"g@k45acb332>- g@kb317867d>- g@>- g@>- g@k35d11092>- rb hk@>0 g@k62bde635>- "
		"g@k8a44ff95>- g@k4a32ea72>- g@k3f2b56b9>- g@k482df98e>- rk g@kbacba87>0 "
		"g@k7db5d2d0>0 w1 g@kf99d718f>0 g!01@k9881387a>0 hn@k5d6673c2>0 "
		"g@k6a859416>- g@k46449aa5>- g@k92861049>- g@ka4f1ed59>- g!01@k9b1b48a>- "
		"g@kc8c15dad>- rh rn hr@k23b82ab3>0 g@kf5f05e3>0 hs@ka56d1f20>0 "
		"g@k3e4c5006>- g@k7df05732>- g@kae24ef63>- g@k2f19d5ea>- w2 g@k660d8dd8>- "
		"g@k9755e6f1>- g@kd7d4b566>- g@k4c089467>- g@>- g@k17903840>- g@k3fb84eda>- "
		"g@k6e89914>- g@kabf98b1>- g@kaa9f997a>- g@k6e38ca28>- g@k9b1d25d3>- "
		"g@k200b037>- g@kaec08e90>- g@k6524f11>- g@k1c73c37c>- w3 g@k3b0892f9>- "
		"g@k4ba8b2c4>- g@kd85bf51d>- g@kb5af0962>- g@kef31d3b3>- g@k22544042>- "
		"g@kaf7449ac>- rr hg@k70f2dd70>0 g@kf76ccc15>- g@k8b9adeb9>- g@kc0f75a29>- "
		"g@k4f55768a>- g@k673ac814>- rs rg",
	},
	{
		"keys, 5 servers", CONF_METHOD_HASH,
		{
			{.text = "unix:/hash0"},
			{.text = "unix:/hash1"},
			{.text = "unix:/hash2"},
			{.text = "unix:/hash3"},
			{.text = "unix:/hash4"},
		},
		"g@key-f6eac586d4>4 g@key-51b9adbcf2>2 g@key-c5642b2121>2 "
		"g@key-467fd0c6ba>3 g@key-7a12cf911e>0 g@key-dc1aad4416>2 g@key-b301e7827>4 "
		"g@key-2591ffe888>3 g@key-a594f3049d>2 g@key-e0ee1bcbf8>2 "
		"g@key-a94dfe5a87>4 g@key-d0d5eaa50>1 g@key-ba5cdc2a6e>3 g@key-17eef99bbc>0 "
		"g@key-e6eadbc58c>1 g@key-5811884c6c>2 g@key-f52ccae53e>4 "
		"g@key-1572786cf1>3 g@key-84ccb46ddf>3 g@key-769704b99b>1 "
		"g@key-c179f0d574>2 g@key-5eea93a08c>3 g@key-f2105c3d01>1 "
		"g@key-b9045d9f3c>3 g@key-edc20f7b08>0 g@key-cb65a6acd>1 g@key-9ef19ae50f>4 "
		"g@key-f5b352f047>0 g@key-6f6a051ce>4 g@key-a322e9d808>0 g@key-1f751a5ab5>4 "
		"g@key-6c965edf3>1 g@key-aa4dadba3c>4 g@key-afc74598ae>4 g@key-497f9d5a55>3 "
		"g@key-a0b550400d>1 g@key-63d10e1947>3 g@key-43ef83842b>4 "
		"g@key-ede1cf656f>1 g@key-83dc3b436b>0 g@key-88628da62a>4 "
		"g@key-a739aef65a>3 g@key-19880c3a8e>1 g@key-53d8e79239>4 "
		"g@key-3669af5feb>4 g@key-3a39d24b63>4 g@key-434fcc9869>1 "
		"g@key-12a0f07303>1 g@key-541e5a790d>3 g@key-cb478b50ac>1 "
		"g@key-d6b9c5d240>4 g@key-c6faab00c6>4 g@key-1ded1641e9>2 "
		"g@key-9c50ab5ab2>2 g@key-366380e53d>0 g@key-a3f65bb938>1 "
		"g@key-1c539240a4>0 g@key-2b40d74367>3 g@key-3972fcf0f>0 g@key-276b9ef50e>3 "
		"g@key-10c7efd6>0 g@key-f04b59220d>1 g@key-46962f5af3>4 g@key-3e80d5b5ea>3 "
		"g@key-c33f584e5e>3 g@key-ddf21a0f8b>2 g@key-7767842913>4 g@key-c4b3a67a5>0 "
		"g@key-bbca2549a4>1 g@key-add5ae8748>1 g@key-ed767aebd5>2 "
		"g@key-a4bc5e9444>0 g@key-8797b4bbb0>2 g@key-2bb37daa5>2 g@key-64b067b7a2>4 "
		"g@key-f7c9e835e4>3 g@key-4cd22355fa>1 g@key-3b433bef62>4 "
		"g@key-fbd79f77f1>4 g@key-f85b7b1c06>0 g@key-f2f8bce78>4 g@key-9809ed89e2>2 "
		"g@key-389ba78f62>0 g@key-dd7cbebb3d>4 g@key-17f5514b6c>3 "
		"g@key-a70cdb3cf3>2 g@key-87bdb8df2d>0 g@key-16e17b1985>1 "
		"g@key-7719bef1cd>4 g@key-d1931d47f4>4 g@key-f018abd7b1>3 "
		"g@key-7933efa1fc>2 g@key-d11996c61>4 g@key-b4fef281d>2 g@key-ca556897bc>0 "
		"g@key-7baf0caef3>0 g@key-4316e66aff>2 g@key-508b43cdf5>2 "
		"g@key-98c74f44bc>1 g@key-cae922edcd>4 g@key-153bb8b641>1 "
		"g@key-590e24eed0>4 g@key-80d483146f>3 g@key-5805a4927f>2 "
		"g@key-51d9740fb3>3 g@key-46dc5ba28d>3 g@key-ae921bfb61>0 g@key-db95cae73>1 "
		"g@key-2a64518f5b>1 g@key-38095e27d7>4 g@key-e0ff303aea>1 "
		"g@key-3965a04fd9>1 g@key-2e40aae725>1 g@key-66172a24ea>2 "
		"g@key-30412fde95>2 g@key-af7f80315e>4 g@key-c86ceb44c5>4 "
		"g@key-f49a35983a>0 g@key-475acaf136>2 g@key-4646a3b706>2 g@key-944401828>1 "
		"g@key-dcc75e0635>3 g@key-9cda4bd099>1 g@key-346286b9fc>2 "
		"g@key-e03b253935>2 g@key-ca71063f93>2 g@key-9e18ae4c05>0 g@key-acf0b7b66>1 "
		"g@key-55d1b7e3bd>3 g@key-6bc91ed8e9>1 g@key-6063376231>4 "
		"g@key-f14bee2e7b>1 g@key-30a2ecabab>1 g@key-39e7273515>3 "
		"g@key-1aa446712c>4 g@key-24d3145f99>1 g@key-50f5af231e>0 "
		"g@key-9640531e21>2 g@key-4819b531f>1 g@key-efedbc11a0>4 g@key-93d62105db>2 "
		"g@key-9c860ae018>2 g@key-d7c4c0ef24>0 g@key-210efdc73f>3 "
		"g@key-29b9ab2f19>0 g@key-7ef54c8c7b>4 g@key-fa06138fd3>4 "
		"g@key-849b6c16db>0 g@key-e09fccfc01>1 g@key-3a8b45eeac>1 g@key-4452e9295>4 "
		"g@key-ded58e8924>4 g@key-95d7916e39>0 g@key-d99a7545f8>1 "
		"g@key-ef715346ce>2 g@key-d109cce7d9>3 g@key-6e67bd18aa>3 g@key-d38223f1d>1 "
		"g@key-ce689c5f22>2 g@key-f25b1929e6>2 g@key-924fc0818>0 g@key-b7d71e28ee>2 "
		"g@key-c17416a268>1 g@key-88a10983f6>4 g@key-470ce12bb1>4 g@key-e55bb0eb>2 "
		"g@key-386d090c08>3 g@key-f1413f472d>2 g@key-ff6d1eff9f>1 "
		"g@key-76b923c774>3 g@key-fba5ec80b7>3 g@key-f393a9a4a3>3 "
		"g@key-e567ec8b03>1 g@key-f6cbd97657>1 g@key-a2074655e9>3 "
		"g@key-df13959fbe>2 g@key-23e57aa847>2 g@key-c6282f127e>3 g@key-d2a4cc97f>0 "
		"g@key-6602591d46>2 g@key-61a2d2f496>2 g@key-443dc3ac9a>0 "
		"g@key-d2fc7e23fc>0 g@key-e988caffe8>4 g@key-ebb88babb4>1 "
		"g@key-585b1ad099>3 g@key-2beff23816>3 g@key-5c7e350d11>1 "
		"g@key-804302239f>1 g@key-deb0c3a307>3 g@key-c251962b86>4 "
		"g@key-f4401acf93>0 g@key-50400e6825>2 g@key-9391701d5c>4 "
		"g@key-56989a566b>1 g@key-c2554336fc>2 g@key-37df9f23fd>2 "
		"g@key-e850e3d27e>4 g@key-63562f0082>0 g@key-26845a5cf4>3 "
		"g@key-194f68f4a0>4 g@key-4013071a9d>0 g@key-654b290abb>0 "
		"g@key-a2c743c55d>4 g@key-eb10fcdc97>4 g@key-57e3a015aa>3 "
		"g@key-c97de454ee>2 g@key-802245d69d>3 g@key-50c2b80025>4 "
		"g@key-1ad48df417>1 g@key-c9966b751>1 g@key-3ec3c50df2>0 g@key-f5d5d8ed35>1 "
		"g@key-470f79530b>2 g@key-8bb27eb47>0 g@key-e3bfb60988>3 g@key-e88019777b>1 "
		"g@key-79fa9d63e8>3 g@key-643f547d1>2 g@key-d274e79900>0 g@key-58ff624dea>1 "
		"g@key-81d86ecf18>4 g@key-f074cb7c0b>1 g@key-26f44f6d0c>4 "
		"g@key-b1fa1669f1>1 g@key-13fb51af95>0 g@key-cda0f6ddc>0 g@key-7728f77724>0 "
		"g@key-f0534b77ae>2 g@key-4c15f34ebb>1 g@key-1c376664fc>4 "
		"g@key-26772ff8b6>2 g@key-85c2c9c9f8>2 g@key-8ee63fbd95>0 "
		"g@key-6fb84ae8f7>3 g@key-6f4de69de8>3 g@key-5b9cde6f76>4 "
		"g@key-96eddfe51f>2 g@key-6bbfa9a33f>2 g@key-66633a3c9f>2 "
		"g@key-e1057b5596>2 g@key-6a0a7031c5>4 g@key-8d835c3c3c>1 g@key-84bc42938>1 "
		"g@key-bbea3a5be8>2 g@key-ebb6c538b0>1 g@key-1f150a8898>3 "
		"g@key-95d558f557>1 g@key-dfd0be3e39>4 g@key-d2ff10528f>4",
	},
	{
		"keys, 4 servers", CONF_METHOD_HASH,
		{
			{.text = "unix:/hash0", .weight = 3},
			{.text = "unix:/hash1"},
			{.text = "unix:/hash2", .down = true},
			{.text = "unix:/hash3", .weight = 2},
		},
		"g@key-ab6fd6e81a>0 g@key-a3b1a1ed97>0 g@key-4d713d90b>3 g@key-93a03da452>0 "
		"g@key-f1c18a8c84>0 g@key-907860e60f>3 g@key-4d027f111d>0 g@key-f3aa62f85>0 "
		"g@key-bfd34872b4>0 g@key-2b48b8131b>3 g@key-db5288e276>0 "
		"g@key-bd1b008fe6>1 g@key-aabd863e83>3 g@key-c4b51142bb>3 g@key-871141d05>1 "
		"g@key-faef7c4c8>0 g@key-a9d59e0de4>0 g@key-96aebf663a>0 g@key-571ced93c0>3 "
		"g@key-70fcf3c60>3 g@key-73b8f680ab>1 g@key-6a49ff232c>1 g@key-140706febb>0 "
		"g@key-30330d3e22>3 g@key-c6d09daa08>0 g@key-bb7f11685b>1 "
		"g@key-cf418d0a58>1 g@key-d640542c11>3 g@key-17b75e2fd1>3 "
		"g@key-60df722fe7>3 g@key-30a3ffd8c0>1 g@key-d3cdc8b10e>1 "
		"g@key-2989592ff3>0 g@key-32ff2416fe>0 g@key-65b79f846b>1 g@key-f3852c23f>0 "
		"g@key-c8b102c204>3 g@key-dde02b0505>0 g@key-f0b99cd0ed>1 "
		"g@key-cae521147f>1 g@key-60070f6e3d>3 g@key-1363bf0876>0 "
		"g@key-aa46fbc7e2>0 g@key-dae58a802a>3 g@key-cc22f6392c>1 "
		"g@key-4a090d9567>0 g@key-b67e331d57>3 g@key-48a1046ec9>1 "
		"g@key-e876b6a7c5>1 g@key-53d92b1e9a>0 g@key-44d4b599bd>0 "
		"g@key-58d5b4d936>1 g@key-e241959a51>0 g@key-9a1ff36d56>3 "
		"g@key-2971577bd7>0 g@key-f22674f5f3>3 g@key-e6bf70b76>1 g@key-a1d7051ad0>3 "
		"g@key-f724d63a2a>3 g@key-69c66f6127>0 g@key-a475d312ad>0 "
		"g@key-6cda768905>0 g@key-a1fec04e1c>0 g@key-ad56aebc93>0 "
		"g@key-4591bea8f3>3 g@key-e913eb02ef>3 g@key-1adc34bc5b>3 "
		"g@key-865e6c4b00>3 g@key-f548df11a4>0 g@key-472f57be9e>0 "
		"g@key-da96a144fe>1 g@key-122c6c5c39>0 g@key-bc2cd82189>0 "
		"g@key-a8e3731935>0 g@key-4ff402ff50>0 g@key-9f20bcdedb>3 "
		"g@key-a055b7999a>0 g@key-b24c368ab>0 g@key-1f06823736>0 g@key-91e57d4fb>1 "
		"g@key-51de13bcef>3 g@key-5548e7a86c>0 g@key-3272e523a2>1 "
		"g@key-901a6790ea>1 g@key-fc8075361c>0 g@key-3d3c1800e5>0 "
		"g@key-eb542796fa>3 g@key-9fe3984bd3>0 g@key-a8e73f8171>1 "
		"g@key-d917f80c76>3 g@key-c976c74e9c>3 g@key-82d06f16aa>0 g@key-d5aca36ce>3 "
		"g@key-1560ae644>3 g@key-6cbdd0000b>1 g@key-51bdcf2280>3 g@key-e0e72cd98d>3 "
		"g@key-634580c0dd>0 g@key-9a5726459a>0 g@key-6cc2c3948d>0 "
		"g@key-e79ac5744f>0 g@key-214eb5c2f2>1 g@key-fd0f73a6d7>0 "
		"g@key-820b043126>3 g@key-4b28446729>3 g@key-a2c7f47488>3 "
		"g@key-eccbdbe454>0 g@key-43667d5b11>0 g@key-ddd7bc9d6>0 g@key-26ea7652a0>3 "
		"g@key-553b8ad613>1 g@key-35424df755>0 g@key-82fb484e66>0 "
		"g@key-89bfd744cc>0 g@key-f0fcea6008>1 g@key-e568da70d5>1 "
		"g@key-4fef63eaed>3 g@key-252a137d87>0 g@key-24371da634>0 "
		"g@key-7160cda7f9>0 g@key-72f42732d9>1 g@key-2f7de64ae8>0 "
		"g@key-a27da95c92>0 g@key-845f64717f>3 g@key-abb277bcfa>1 "
		"g@key-c4e171dee0>0 g@key-2ad6ab0463>0 g@key-822dae4346>0 "
		"g@key-26b498f199>3 g@key-33255ed8e0>0 g@key-81f4e25c46>3 "
		"g@key-9d7d43a999>1 g@key-55835e07b1>3 g@key-efb7677e59>0 "
		"g@key-7f95ac8365>0 g@key-6d3eece59d>3 g@key-abf5d0be2a>0 "
		"g@key-a94768bd08>0 g@key-714e07e6f9>1 g@key-8deeb6ea8d>0 g@key-2831463dd>1 "
		"g@key-ad3924f433>0 g@key-197a42916a>1 g@key-de651f73ef>0 "
		"g@key-22d9c7fd8f>3 g@key-c361047e70>0 g@key-ca9a8c272c>3 "
		"g@key-f719a5e048>3 g@key-5d3716ce65>0 g@key-eb40975032>3 "
		"g@key-9d92bd995a>3 g@key-a4f297b1cc>0 g@key-9f136b5854>0 "
		"g@key-da8afdfa1e>0 g@key-c4f35c7990>3 g@key-7c0057204d>0 "
		"g@key-8732b5e5da>3 g@key-8fc83cf9d1>0 g@key-c150edb09e>1 "
		"g@key-a08a73d188>3 g@key-da96909273>3 g@key-1174f3ae16>3 "
		"g@key-5dffda846b>0 g@key-e5ad0134dc>3 g@key-c529d560a0>3 "
		"g@key-c743eaccfc>0 g@key-f94b832cb8>3 g@key-9b992fdb1>1 g@key-6c87904db7>0 "
		"g@key-c1161f843d>0 g@key-fddfd22dad>1 g@key-1ece34bed2>3 "
		"g@key-e62cb2366e>3 g@key-2fd71b1dd0>1 g@key-a07cac3f71>0 "
		"g@key-bafc322b35>0 g@key-1d65befd9e>1 g@key-1847a0f7d8>0 "
		"g@key-3599703bd2>0 g@key-cfe9ff2f6>3 g@key-80aa9d9c58>1 g@key-a0b6b4732>3 "
		"g@key-50464b6d63>0 g@key-d902f61700>0 g@key-29687adf30>3 "
		"g@key-3ffef64665>3 g@key-dd452eed76>3 g@key-236909f09e>0 "
		"g@key-b569e20f4f>1 g@key-3ee1f080c1>3 g@key-fbc68ea954>3 "
		"g@key-5d69244324>1 g@key-fce5b6d9df>3 g@key-2f4bb311cf>3 "
		"g@key-2b08e09d54>0 g@key-ebfa4bc1dc>0 g@key-c276825bba>0 "
		"g@key-6c04e8fc96>0 g@key-25fdfb834a>0 g@key-cdfcea8170>3 "
		"g@key-7dbf8e6db4>3 g@key-46d563fbb0>0 g@key-10a924283>0 g@key-653441fed0>0 "
		"g@key-6629f9f636>1 g@key-ab89f69cd6>0 g@key-8281ccb867>0 "
		"g@key-b48abce4d0>0 g@key-36f5160b1d>0 g@key-22ff0187de>1 "
		"g@key-cfd2af9cc9>0 g@key-4071fb4dd3>0 g@key-b416b4a1a7>3 "
		"g@key-8267edc4d6>3 g@key-fe3c6a4eb1>3 g@key-b0ee0af921>1 "
		"g@key-60fcd0a937>1 g@key-b7c5d7b63>0 g@key-797339eb6c>0 g@key-29980de92f>3 "
		"g@key-e5701a870c>1 g@key-bf1ded4e63>0 g@key-5eaf73ec83>3 "
		"g@key-8e977ce197>3 g@key-45c9147de4>0 g@key-5bf6fad957>3 "
		"g@key-b09fb55792>3 g@key-41a412abfb>1 g@key-b7d4d5fabb>0 "
		"g@key-16a179776f>3 g@key-3f094c6d45>0 g@key-dbcfc182da>0 "
		"g@key-cf720c5cbb>0 g@key-87f8ee2fb0>1 g@key-ec7f1aef3f>1 "
		"g@key-cc9d1f9fde>1 g@key-d8997db138>3 g@key-86bdf96d4e>3 "
		"g@key-983b9a0233>3 g@key-aed0f4d390>0 g@key-80975b209d>0 "
		"g@key-68c86128d5>0 g@key-5d48f19c78>1 g@key-458510230b>3 "
		"g@key-f76ce25185>0 g@key-48b52ce424>0 g@key-d15d835594>3 "
		"g@key-394c555e23>1 g@key-37b190db3a>1 g@key-a8fd1d5703>3",
	},
};

static const struct lb_case ketama_cases[] = {
	{
		"chash, drawn 0", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 1, .max_fails = 1, .fail_timeout = 1},
			{.text = "127.0.0.1:18101", .max_fails = CASE_NONE, .fail_timeout = 1},
			{.text = "127.0.0.1:18102", .weight = 1, .max_fails = 1, .fail_timeout = 1},
		},
		"ha@kc0d57d4b>1 g@k2be83b4a>2 g@k89fc7144>2 g!012@kc73919c7>210 hc@>1 "
		"g@k13a88921>1 g@k28c154c3>1 ra rc g@ka113cd3f>1 hd@k226ee36>1 rd "
		"g@k408bf2c>1 g!012@kd340d85a>1- g@kd24bf6b1>1 he@kb7193158>1 g@k93664dff>1 "
		"hf@kdc2a630e>1 g@kb34af26f>1 w1 re rf g@k151ed9d0>1 g!2@>1 hg@kf89fb645>1 "
		"hh@kf52b98df>1 g@kc4af1f76>1 g!12@k854b5654>1- g@k546b420d>1 rh g@>1 "
		"hi!2@kc5181ea9>1 g@k2179880b>1 hj@kc31f8b16>1 hk@k3ee6be94>1 g@ke4cbdaf4>1 "
		"hl@k18308d68>1 g!01@k6b1cf124>1- g@kf4ea21bb>1 g@k44b3baa8>1 w2 hn@>1 "
		"g@k993257dc>2 ho@k1947a4df>1 g@k587a43e1>1 hp!01@kbe4dfc2e>02 "
		"g@kdf6cd9ba>2 g@kc1eb7f91>1 hq!2@k5987a8cf>21 g@kbdc47062>1 hr@k5347e365>1 "
		"hs@k5d23d143>1 ht@kcb5d60a0>1 g@k65c5a564>1 hu@k815dd2a6>1 hv@k50737629>1 "
		"hw@k5f53fa1c>1 hx@k5ffc0051>1 g@kfe83a835>1 g!2@k17bdf56c>1 w2 "
		"hy@k7f78266e>1 hz@k6c66dd96>1 ha@k34d54696>1 g@k408b4bbe>1 "
		"hb!0@kd6e7e2ec>1 hc@k4c095fdb>1 g@k90025cc1>2 g@k1e17cfc8>1 g@k38f4d340>2 "
		"g!1@k90b59eff>10 g@kff776a7e>0 g@k92f470f6>1 g@k27cfd5ff>1 g@kf9ec18cc>1 "
		"ry rb g@k30301a18>1 g@kda10aa87>1 rr hd@k285b3236>2 w1 g!12@kf34a0b33>10 "
		"g@>0 he@k7d565d>1 hf@kfd4d2b89>0 g@k40c2648a>0 rl g@k99b222b>1 rf ro "
		"g@kb2d33e81>1 g@k93d745dd>1 g@k304dba5f>2 rs rt g@kfa2b34d0>1 rd rg ri rj "
		"rk rn rp rq ru rv rw rx rz ra rc re",
	},
	{
		"chash, drawn 1", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 4, .fail_timeout = 1},
			{.text = "127.0.0.1:18101", .weight = 5, .fail_timeout = 2, .max_conns = 2},
		},
		"g!1@>10 g!1@k98644890>0 g@ka6eb196b>0 g@ka6c32faa>0 g@kc586354a>0 "
		"g@kde205124>0 g@kf0c94c87>0 g@kdeb52405>0 g@kfd59def6>0 ha@k448a62c8>0 "
		"hb@kc5800826>0 hc@kfcdbc905>0 g@kcb8d2fcb>0 hd@k7a61a28b>0 rc rd ra "
		"he@k6d3765e6>0 hf@ka67eb2d8>0 g@k1ad5fa2d>0 w1 g@k25bed701>0 rf "
		"hg@k879317a8>0 hh@kf0b0f02d>0 hi@kda8690e6>0 hj@k32c04459>0 hk@kcc449cc2>0 "
		"g@k61fe6bb6>0 g!01@kd0aa8418>0- g@kc3a18774>- g@k43fe4d07>- "
		"g!1@k5f5e01e9>- g@k979de958>- rb g@kbb96d472>- ri rg g@kbdf0775a>- g@>- w1 "
		"g@kbe60effd>- g@k204d1412>- g@k92f79745>- g@kd62f41c5>- g@kf1e457c1>- "
		"g@ke3857e1c>- g@>- g!0@k19d82117>- g@k6d2a9dce>- re g@k5b454d0f>- "
		"g@ked574cb3>- g@kfcd3a45c>- g@k86b15f97>- rj g@ke0e6bbb6>- g@kc44a647b>- "
		"g@k6b5f8733>- g@kbdfbae4c>- w3 ha@k17e9ac6c>1 hb@k73a1e87>0 g@>- rh "
		"g@kf5991f7a>0 rk hc@kb9ff3ca6>0 hd@kc4d42fe2>0 g@k14dc41a>0 g@k1f7594e>0 "
		"g@k410ca81b>0 rb he!1@kc9a82208>0 g@kabd928ef>0 rc hf@k8d401388>0 w1 "
		"hg@k4ba866b7>0 g@k9edf0ad4>0 g@k17debf5d>0 hh@kef13255>0 g@kb9b36b35>0 "
		"g@k11feedb0>0 hi@kfaff93f4>0 rd g@ka8b98f1d>0 g!01@k45710289>0- "
		"g@kb3c99eaf>- g@k6960a744>- g@ke2b0d132>- g@k44810124>- g@k2a9adea2>- "
		"g@k194bf6db>- ra re rf rg rh ri",
	},
	{
		"chash, drawn 2", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .max_fails = 3, .fail_timeout = 1},
			{.text = "127.0.0.1:18101", .fail_timeout = 1},
			{.text = "127.0.0.1:18102", .fail_timeout = 1, .max_conns = 2},
			{.text = "127.0.0.1:18103", .weight = 4, .max_fails = 2, .fail_timeout = 1},
		},
		"ha@k9932c5e>3 hb@kd286abd2>0 g@kc4ed786e>0 rb ra g@k6933d9ea>3 "
		"g!1@ke9e16590>0 hc@k51496feb>3 g@>3 g@kee08cab4>3 hd@kd363417e>3 "
		"g!2@kc044f1a1>21 g@kba870aab>3 rd g@kf1e11190>3 g!0@kba952bcc>3 rc he@>0 "
		"g!23@k2100492a>31 hf@kb707e16e>3 w2 rf g@k9a6815d6>0 g@ka5c185fc>2 re "
		"g@k401f8133>3 hg@k5d97ed9a>3 hh@k982a994c>3 g@kdf76d249>1 hi@k3a7a61f0>3 "
		"hj@k2cffc577>3 hk@kb2df81be>1 g@k499e7ea3>3 hl@k4dfed9a9>3 hm@k36659439>3 "
		"g@k17939199>3 g@k5ac503bd>3 hn@k903bec28>0 g@k86fb4049>3 rk ho@k6fc49078>2 "
		"w3 g@k68608a61>2 rj g@kc6374c16>0 hp@k679052eb>3 hq@kb6b19b8>0 rh "
		"g@kab06d3c5>0 g@k8c085bd0>3 rg g@ke127a556>1 g@>3 ro g@kfe5bb4cf>1 "
		"g@kc6eface8>3 g!0@k8cfd8a2c>1 hr@k83984373>1 rl hs@kc0442641>3 "
		"ht@k5425f6ff>3 rq w3 g@k7e6929cb>3 g@k8cd61b1c>0 hu@ka137cb77>0 ru rn "
		"hv@>1 g@kb08c0832>3 g@k1c8a4d1>1 hw@>3 rs g!2@k2bec999a>3 hx@ke86e06f>2 "
		"g!02@k74d95417>203 g@k357b8c82>3 g@k9eb46f85>3 g!01@k5689b672>3 "
		"hy@kc4c6a86b>3 g@k4368311e>3 rp hz!01@k7939b997>3 w1 rm rr g@ka0181549>3 "
		"rv ha@k7ec3c8cd>3 g@k55af7282>3 g@kd6d0dc6f>3 hb!1@k4c542112>0 "
		"hc@k79f7c55f>3 g@k93dc82b9>3 hd@k3d4c36db>1 he@k4b2fee9d>3 rz "
		"hf@k282a3336>3 g@kc7b2f7cd>1 hg@>3 rg hh@k19fd1920>1 g@k57210ddd>3 ri rt "
		"rw rx ry ra rb rc rd re rf rh",
	},
	{
		"keys, 5 servers", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100"},
			{.text = "127.0.0.1:18101"},
			{.text = "127.0.0.1:18102"},
			{.text = "127.0.0.1:18103"},
			{.text = "127.0.0.1:18104"},
		},
		"g@key-f6ecce3198>3 g@key-47b13f0a9c>4 g@key-c12bac908>3 g@key-b76285ec93>2 "
		"g@key-30e4bb281e>3 g@key-35f1c89347>0 g@key-22622a6472>0 "
		"g@key-33c233ca61>0 g@key-5ac0ddf522>4 g@key-b2cbca8e1b>1 "
		"g@key-75ec27b4e2>0 g@key-190d3594e4>2 g@key-3ef0116a0>3 g@key-e3d0f95282>1 "
		"g@key-df88fc88c>2 g@key-a0303acbe6>4 g@key-cce5eb9912>2 g@key-842e3d1b60>4 "
		"g@key-5842553f02>3 g@key-57b3446510>3 g@key-e792d1afd7>2 "
		"g@key-7ef1ce2cab>2 g@key-1a8e7cf74f>3 g@key-284690b59a>3 "
		"g@key-d4a4d3e21e>2 g@key-acdcbf34fd>2 g@key-1fdfdbe95b>4 "
		"g@key-ecb42b05e3>0 g@key-1ce7db0316>0 g@key-d716b607b5>4 "
		"g@key-991f8121ff>3 g@key-dadd74feaa>3 g@key-671c9de07>3 g@key-1eced30f17>2 "
		"g@key-5e366807a4>0 g@key-b33d5683ef>0 g@key-98e3641605>1 "
		"g@key-747f912bc7>1 g@key-40d3240c36>4 g@key-bb326355ea>0 "
		"g@key-e66bbbf104>2 g@key-958655a302>1 g@key-4f8936b2b5>1 "
		"g@key-289c65dff1>1 g@key-9a0c52ac7a>0 g@key-7fd4b85d3a>2 "
		"g@key-c94109f569>0 g@key-25914b7d4c>4 g@key-5efed77fbe>4 "
		"g@key-4878eac97f>2 g@key-48f33b7aa9>0 g@key-8ffa367790>3 g@key-7f265cf63>3 "
		"g@key-a02c560f56>1 g@key-51a26011f>1 g@key-8e56857260>4 g@key-d2b6d1ec95>2 "
		"g@key-f2f54b3f81>1 g@key-afd0d33b53>1 g@key-92cf51df8d>4 "
		"g@key-724c3e231c>1 g@key-f8dd22624a>2 g@key-466ca24282>4 "
		"g@key-e1ce5cc272>4 g@key-a6c6a2f2e0>1 g@key-220f96fb05>2 "
		"g@key-176920bf1c>0 g@key-6cffe9f919>1 g@key-da541fed32>3 "
		"g@key-ee1bae1ca5>2 g@key-d3cf51994a>2 g@key-77caddf3f8>1 "
		"g@key-675b43f37b>1 g@key-2cdb548c6a>0 g@key-f05e1ed4ed>2 "
		"g@key-bb051c71cd>2 g@key-52e9c35e3e>0 g@key-479ed8c48c>1 "
		"g@key-f70a3029aa>1 g@key-70fde9b579>4 g@key-3d4a441b94>0 "
		"g@key-24f4abc1c8>4 g@key-560afc0e1>1 g@key-f13abb44b3>2 g@key-3b15bae2b3>0 "
		"g@key-782e6406ad>0 g@key-a8b8817232>1 g@key-c0a7509e2b>1 g@key-213d93ff9>1 "
		"g@key-11ddef81d5>0 g@key-bb4bd4b119>4 g@key-3feefa2309>0 "
		"g@key-cbe62d5d84>0 g@key-d021e2acb>1 g@key-2095c7e7b8>1 g@key-18ebd52aa8>4 "
		"g@key-c8cee86afb>1 g@key-5487cd40e>2 g@key-dd4e30ad5e>4 g@key-d8679f64cb>0 "
		"g@key-19b3798a7a>1 g@key-3c2637a8ba>3 g@key-94ef964c86>0 "
		"g@key-1fa8d32ff7>2 g@key-8963114e8f>2 g@key-5e9c1924d>3 g@key-b02f60450>1 "
		"g@key-414c55bc4a>4 g@key-e4a9970371>4 g@key-8e0fe6f763>3 "
		"g@key-517f79d874>0 g@key-c8e9e3a0a6>1 g@key-2ad3a2eb78>0 "
		"g@key-fc0f792fea>4 g@key-51f4e76381>0 g@key-eaaaafba23>1 "
		"g@key-39b6ef1af0>4 g@key-7d2e18950c>1 g@key-75b1b92e95>4 "
		"g@key-d2133d33d2>3 g@key-8ffb49b97d>4 g@key-aa0235cc05>2 "
		"g@key-2f534a3757>0 g@key-a93afe0300>0 g@key-a01652ee5f>0 "
		"g@key-1beb922d73>4 g@key-6418308510>2 g@key-14bea1fe91>4 "
		"g@key-65741fa215>2 g@key-9db5558b0a>4 g@key-c65eb77df2>2 "
		"g@key-6be4e01793>4 g@key-a14e50cb4f>4 g@key-6807a104a9>1 g@key-302c9ecec>1 "
		"g@key-256cce0480>3 g@key-8c3e93ab69>3 g@key-112cd0bf70>2 "
		"g@key-f8da99c0b7>2 g@key-178d4037a9>0 g@key-509e8ef080>2 "
		"g@key-c25d0ca1e6>1 g@key-6423b2d708>1 g@key-20845169ec>0 "
		"g@key-63f9aea40e>1 g@key-e7c466d291>4 g@key-c163870e27>2 "
		"g@key-d1537adc3a>0 g@key-b8164a5a4a>2 g@key-4de523e853>1 "
		"g@key-3943fbc3d8>0 g@key-d6e3a09826>2 g@key-22b3bec37>0 g@key-eb5d8c62ee>3 "
		"g@key-20621d5e4a>3 g@key-2aa2cb8f3f>4 g@key-4f9c7bbe7b>3 "
		"g@key-980bd92899>3 g@key-c0d5fd9939>4 g@key-cdec6f2b10>0 "
		"g@key-ced6e8b22a>3 g@key-a24bb0d449>2 g@key-76ec59ad60>0 "
		"g@key-dda206691c>0 g@key-6376133a9c>0 g@key-2f39f446f9>3 "
		"g@key-69336c7c93>1 g@key-cce64d21e4>1 g@key-4e70de666c>0 "
		"g@key-a7771eff24>0 g@key-6cf48a030e>0 g@key-4a2aafe00c>3 "
		"g@key-3bc582076c>0 g@key-96de7493b1>4 g@key-90e1d7475b>2 "
		"g@key-ec4b36a47f>0 g@key-75afe12ff6>2 g@key-f43b9dc7e1>4 g@key-d72b8f6ef>4 "
		"g@key-30eff6de87>0 g@key-3fb061cc8f>3 g@key-d979636ab>0 g@key-da24022b24>1 "
		"g@key-8f1cc6a9b1>2 g@key-76752a9f91>4 g@key-d8c0eb994d>4 "
		"g@key-42183e9504>3 g@key-9611c57e5f>3 g@key-3fb48e4bf2>3 "
		"g@key-cb2d2c3f87>0 g@key-8047bb328f>4 g@key-32c5c07a23>3 g@key-24deb98f1>0 "
		"g@key-f95b990d55>1 g@key-8e02ed7392>0 g@key-bf44886c09>1 "
		"g@key-b74d3595f0>4 g@key-9a5165d9bd>2 g@key-d3e221cb70>3 "
		"g@key-175c7461b0>1 g@key-e3e89e9299>4 g@key-ba7fec0ba2>0 "
		"g@key-e2d4519b89>1 g@key-a067c6aad6>2 g@key-5074b56213>2 "
		"g@key-5e50bf6200>3 g@key-97f9c24835>4 g@key-afdcb664b4>4 "
		"g@key-e937d4c0ec>4 g@key-5c311e8fa>3 g@key-3d56ca68ed>2 g@key-d523f2dd64>1 "
		"g@key-e12a09f962>0 g@key-8567a4a2ef>3 g@key-4d96942d15>0 "
		"g@key-f087bbf702>1 g@key-f11c34ea61>0 g@key-e435ec464a>1 "
		"g@key-38a520219b>3 g@key-411d513cd7>3 g@key-4029e571ed>2 "
		"g@key-d0de16ebf8>1 g@key-9a2820a8a5>1 g@key-8b2aefed5f>0 "
		"g@key-508d18656b>2 g@key-ed00e12d38>3 g@key-3d5ef65760>2 "
		"g@key-840bb06710>0 g@key-428d666320>1 g@key-c9e3e5e9ec>0 g@key-30c26c060>4 "
		"g@key-e1477ce73b>3 g@key-8de3ce0058>0 g@key-3a10a37fe4>3 g@key-5ea618655>4 "
		"g@key-dc1e2676c3>2 g@key-e7ccc75f30>2 g@key-724b260b72>2 "
		"g@key-5f95b9658a>4 g@key-3f0ebbee8f>1 g@key-c91b751643>3 "
		"g@key-a0e753ab5b>2 g@key-a74601a73f>4 g@key-6e8df7733b>1 "
		"g@key-faa71b6198>2 g@key-f1cf3a2a97>2 g@key-2ced36100>1 g@key-49acfc9b6a>2 "
		"g@key-d3fa50080a>1 g@key-4ea5ae29e5>0",
	},
	{
		"keys, 4 servers", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 3},
			{.text = "127.0.0.1:18101"},
			{.text = "127.0.0.1:18102", .down = true},
			{.text = "127.0.0.1:18103", .weight = 2},
		},
		"g@key-73e69a8e69>0 g@key-a1132a43fd>0 g@key-312b406686>0 "
		"g@key-499ef31076>3 g@key-d9cc48fde3>3 g@key-7f9c1be29f>3 "
		"g@key-4bf4e6d98b>3 g@key-a6a72566d7>3 g@key-a20cbd84e0>1 "
		"g@key-d594767d6d>0 g@key-112a9875ca>0 g@key-a2be186edf>3 "
		"g@key-afd6519288>3 g@key-d84d83a33a>3 g@key-62cba391fb>0 "
		"g@key-928d7ec4cf>3 g@key-baf9b0da77>0 g@key-d6c3d4853f>1 "
		"g@key-b3e1d7095a>0 g@key-2180e4a989>1 g@key-274c28cca3>0 "
		"g@key-ad9b323ce2>1 g@key-7c4087afce>3 g@key-a2f4a064a3>1 "
		"g@key-cd7e0b4ec4>3 g@key-4e009e733d>0 g@key-9862ee2d01>3 "
		"g@key-ec7cb70c78>1 g@key-8a430796ee>3 g@key-430c773143>0 "
		"g@key-e651862523>3 g@key-df74cccc01>3 g@key-335433a09f>0 "
		"g@key-81ad5a84d8>0 g@key-13e19c1c97>3 g@key-108c4718bd>0 "
		"g@key-32c2658d22>3 g@key-e811ad359a>0 g@key-1775d7a37a>0 "
		"g@key-b438b87d72>0 g@key-f8c157c886>0 g@key-2699ea12f1>1 "
		"g@key-cd08610b2f>3 g@key-6ef1d40547>0 g@key-a123a4310>1 g@key-4ed383833>0 "
		"g@key-f72ed1252a>0 g@key-7abd86f966>1 g@key-b4b8c460b3>3 "
		"g@key-ad4bbec54d>1 g@key-ede0232ed9>3 g@key-d8eba4ac52>0 g@key-9e673e46a>0 "
		"g@key-69314c3f32>3 g@key-bfd529c6b6>3 g@key-1663fdc7cb>1 "
		"g@key-da52d9b29a>0 g@key-74fa0f823b>3 g@key-2c3ace3e65>3 "
		"g@key-da0caae0c2>0 g@key-45819dc56c>0 g@key-62fdbadee9>0 "
		"g@key-3297a6c89b>0 g@key-522618b967>0 g@key-6d9d38e594>0 "
		"g@key-a05a95f91f>1 g@key-71f0b4b80b>3 g@key-20113c0da5>0 "
		"g@key-41b480c7bd>0 g@key-a4f153c2e8>0 g@key-2772a6096e>3 "
		"g@key-12a3c24d9b>0 g@key-89d958eea1>0 g@key-f4abe29054>0 "
		"g@key-f600da02a7>0 g@key-147a65e7fe>0 g@key-a798ac3224>0 "
		"g@key-1a0c9d687d>1 g@key-958b9e4a31>0 g@key-adf84dd547>0 "
		"g@key-e4843aebb0>3 g@key-d58da1e582>3 g@key-c36a731e3b>1 "
		"g@key-9ff2eafdc0>0 g@key-b008f37fff>0 g@key-c6e9de0de2>0 "
		"g@key-dc3a1c42b5>0 g@key-3e7072d43d>1 g@key-3b64bb33d1>0 "
		"g@key-fbc518977c>3 g@key-c229b8f1f>1 g@key-d1bb310acb>1 g@key-4de68d49f5>1 "
		"g@key-ff1144b503>0 g@key-caaa9a2f8a>3 g@key-5cde9ef64b>1 "
		"g@key-a9fbb2567d>3 g@key-5d015b5b9d>0 g@key-1bcf1293>3 g@key-3847323f7>0 "
		"g@key-4dae8ed0f4>3 g@key-1300d1d05a>0 g@key-147557dfa>3 g@key-60a056a045>1 "
		"g@key-40e7bd6c0a>1 g@key-cc2b838976>0 g@key-c3929ee7c>1 g@key-f978860d4e>3 "
		"g@key-2a4b54df3d>3 g@key-37712e2faa>0 g@key-97041841ec>0 "
		"g@key-3dc4455703>0 g@key-b97d727ba>0 g@key-87dee1758>3 g@key-a57203e7d7>0 "
		"g@key-ff8669e8ed>3 g@key-861ce1c933>1 g@key-e9261924e9>0 "
		"g@key-6fe3d32bf0>0 g@key-f7afd0b648>3 g@key-df765f303f>3 "
		"g@key-fc43a02271>1 g@key-b78c1352c8>0 g@key-8e09f9f293>3 "
		"g@key-90a8764c18>0 g@key-d737a6c04e>0 g@key-bd1c9f6799>1 "
		"g@key-31512383b9>3 g@key-ddd811e344>3 g@key-f1b31ce30e>3 "
		"g@key-1b2031654e>3 g@key-9cb28b6650>3 g@key-c32b57147d>1 "
		"g@key-5b5edb4806>0 g@key-8960e44a41>1 g@key-2cff981821>0 "
		"g@key-3341739332>1 g@key-62d021bd8f>0 g@key-fb75dc43ea>1 "
		"g@key-b9abeab37b>3 g@key-59a703067>0 g@key-d47992e4f9>0 g@key-f204de7764>0 "
		"g@key-56ed0b08c7>1 g@key-21e226384d>0 g@key-4f6c5caf92>0 "
		"g@key-a8e8816d74>3 g@key-79563577a4>3 g@key-98a76a42c>0 g@key-685ca33592>0 "
		"g@key-5bea3172d6>3 g@key-4bb19999a9>0 g@key-52418063f7>3 "
		"g@key-d432ee0c3a>0 g@key-731ed2a6a8>0 g@key-25046a0dd1>0 "
		"g@key-62145ea81e>0 g@key-9e42efa16a>3 g@key-f1f98cf49c>1 "
		"g@key-414c4d2bae>0 g@key-77f030839f>0 g@key-fffbe782f6>3 "
		"g@key-391b91761f>0 g@key-fe2d5dff65>1 g@key-20988a54ce>0 "
		"g@key-8d6b3f469a>1 g@key-ab376dc2e>3 g@key-7b48f2fe6c>3 g@key-c19eda3de3>3 "
		"g@key-116ea79de7>0 g@key-d18790a018>3 g@key-358088a802>3 "
		"g@key-15429da73e>3 g@key-d58a15e9ae>0 g@key-777f46a227>3 "
		"g@key-572b7ff7bd>1 g@key-7890655e94>0 g@key-54b9cbeeba>1 "
		"g@key-dbc611bf45>0 g@key-a4bcbab79>0 g@key-980486990a>3 g@key-83edb1e08f>0 "
		"g@key-8e95ec3d6b>3 g@key-f8f6ec1432>3 g@key-f63b70f6d2>3 "
		"g@key-ccc1136df8>0 g@key-7ae5a01ad3>3 g@key-cf02219b24>3 "
		"g@key-1e1434ac58>0 g@key-37d0a1d212>0 g@key-ce8151aea6>1 "
		"g@key-29591485d7>3 g@key-972934c530>0 g@key-d8725546dc>0 "
		"g@key-c68fc89350>1 g@key-f3cffb2a55>0 g@key-7ac11600ce>0 "
		"g@key-8973684f84>3 g@key-ce0fa9b24e>1 g@key-1ce2a16ec3>0 g@key-9c66c62a6>3 "
		"g@key-ad69c8ccba>0 g@key-3d1ae8d83f>0 g@key-d69efe6fc8>1 "
		"g@key-962a562ec3>1 g@key-d3248203a2>3 g@key-2b9f95ef03>3 "
		"g@key-9ffce6e9d3>0 g@key-4ada5752fe>0 g@key-47d9db5608>0 "
		"g@key-873cb2281d>3 g@key-468705d661>3 g@key-b18aa51173>0 "
		"g@key-5cc2e4271a>0 g@key-2688473098>0 g@key-726c14c8ee>0 "
		"g@key-7d8fd237a7>0 g@key-73cc0ceca7>3 g@key-9935324f09>3 "
		"g@key-3261f2f998>3 g@key-bed71ef616>1 g@key-22232eeead>3 "
		"g@key-3731960faa>3 g@key-e507633d36>0 g@key-37e47d398c>3 "
		"g@key-858a207f90>0 g@key-ded6ec20eb>1 g@key-a2f3a6767c>3 "
		"g@key-f6cb82a38b>0 g@key-744b6e7330>0 g@key-835fd1adb3>1 g@key-c9ca8b8d9>3 "
		"g@key-449121bff>0 g@key-9a12bc20e8>3 g@key-80c87539b2>0 g@key-834e437192>3 "
		"g@key-c1f414643c>3 g@key-5dd01f2c6a>0 g@key-a5a617ca1a>0 "
		"g@key-1f7b9076fa>0 g@key-1feaffe3ac>1 g@key-36bac5ccc3>3 "
		"g@key-4458755ffb>1 g@key-e53cd1d6f6>0 g@key-40753f62c8>0 "
		"g@key-7a32a34ccc>0 g@key-e22f1c3a35>0 g@key-918c34f4e>3 g@key-7f95cb013c>0 "
		"g@key-b52ced232d>0",
	},
	{
		"unix servers", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "unix:/tmp/n4/chash0"},
			{.text = "unix:/tmp/n4/chash1"},
			{.text = "unix:/tmp/n4/chash2"},
		},
		"g@key-f019fe4192>2 g@key-aa08bb7058>2 g@key-328e519881>1 "
		"g@key-78abb5e7b6>2 g@key-7286c54869>0 g@key-b56ed4bfe4>0 "
		"g@key-e4038d573d>1 g@key-41b378e2bd>1 g@key-3870452742>1 "
		"g@key-73c731490d>0 g@key-dc981d1e94>2 g@key-efc6001b9b>2 "
		"g@key-9923a36c79>0 g@key-bbf5a34bfa>2 g@key-27ae78ebf2>2 "
		"g@key-37240ca5f5>0 g@key-e4b7f5f32a>0 g@key-5ef14dc4a8>0 "
		"g@key-e8743885a1>0 g@key-fe87f62ba5>2 g@key-139519f230>2 g@key-5259a1eab>1 "
		"g@key-fdb6de888>0 g@key-fe98055e0d>1 g@key-a30ecbc6a6>0 g@key-475e6105b3>1 "
		"g@key-8f8ce81d00>0 g@key-21e9555a68>0 g@key-69e3ff969e>1 "
		"g@key-b8ce940d58>2 g@key-64f068a6ea>0 g@key-1a37758911>1 "
		"g@key-d2269254bd>0 g@key-aa8e81d76>2 g@key-3cac32db98>0 g@key-b756d98b28>1 "
		"g@key-78929ed549>1 g@key-ea153fad48>2 g@key-b2ce88fb8a>2 "
		"g@key-b61bc8531a>0 g@key-a3fedb6b05>2 g@key-271f847489>0 "
		"g@key-8d472edcbc>2 g@key-ce82c7d573>0 g@key-8d2b8b7abe>2 "
		"g@key-c8bb412975>0 g@key-320000124f>2 g@key-3aee9cede8>1 "
		"g@key-90ff0814cd>2 g@key-46f79279ac>1 g@key-88e5d7f4fb>2 "
		"g@key-6970d9597d>1 g@key-c948a7870b>0 g@key-bf7fe94e3f>0 "
		"g@key-6ee702f83a>0 g@key-f07e7e3c57>1 g@key-8dfd1fce5b>0 "
		"g@key-b6af855725>0 g@key-6b3e31bf9c>2 g@key-131bf6965f>1 "
		"g@key-f96a7862b8>0 g@key-612745d78a>0 g@key-9b51a6d469>2 "
		"g@key-17a662c53a>0 g@key-588b353948>1 g@key-faf0bbc537>0 "
		"g@key-4a0138f6cd>2 g@key-3aca8392fe>2 g@key-27befaa67f>2 "
		"g@key-6aa63e4eef>1 g@key-8b15294d1c>2 g@key-7f230c55c2>2 "
		"g@key-31d7daf25e>0 g@key-42903b02d8>0 g@key-fc48379b61>0 "
		"g@key-c156aee8ed>0 g@key-6c9f815445>2 g@key-a81d5d8b8>0 g@key-7bc7949bbb>0 "
		"g@key-e91da2ca99>0 g@key-d4a4661d17>1 g@key-4e5e5f117e>1 "
		"g@key-22804833c9>2 g@key-3ed7eab4f3>0 g@key-6e2df6312b>0 "
		"g@key-8084666bb6>0 g@key-875695c08>2 g@key-eca7c0f5c>0 g@key-d5efa5600f>0 "
		"g@key-c9ffda48d8>1 g@key-7fe2f8e68>1 g@key-93a464cde3>1 g@key-c724abd248>1 "
		"g@key-f51f70db68>1 g@key-c44364f54f>0 g@key-475c6c3454>0 "
		"g@key-c609679c4f>2 g@key-670c9683a8>2 g@key-42e44d7978>2 "
		"g@key-376c288038>1",
	},
};
/* clang-format on */

#endif
